"""Whatever comes in whatever order: at each load the history is what a plain reading of the deliveries says."""

import datetime as dt
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from data.history.account import account
from data.history.folder import DeliveryFolder
from data.history.history import History, open_history
from data.history.load import load_delivery

FIRST = dt.date(2024, 1, 1)
Line = tuple[str, int, int]
"""Product, day from the first, units."""

line = st.tuples(st.sampled_from("AB"), st.integers(0, 9), st.integers(1, 4))
lines = st.lists(line, min_size=1, max_size=8)
keyed = st.dictionaries(st.integers(1, 6), line, min_size=1)
counts = st.dictionaries(st.tuples(st.sampled_from("AB"), st.integers(0, 9)), st.integers(0, 4), min_size=1)


def day(number: int) -> str:
    return str(FIRST + dt.timedelta(days=number))


def loaded(history: History, root: Path, name: str, text: str, settings_: str) -> bool:
    landing = root / "landing"
    landing.mkdir(exist_ok=True)
    (landing / "source.toml").write_text(settings_)
    (landing / f"{name}.csv").write_text(text)
    folder = DeliveryFolder("generic", landing, root / "quarantine.parquet", None, None, 0.0)
    return load_delivery(history, folder) is not None


def sold(history: History, loads: int) -> Counter[Line]:
    known = history.known_table("sales", history.ledger.loads()[:loads])
    rows = known.select("product_id", "sold_on", "quantity").rows()
    return Counter((product, (on - FIRST).days, int(units)) for product, on, units in rows)


@settings(max_examples=40)
@given(st.lists(lines, min_size=1, max_size=6))
def test_lines_without_a_key_are_those_of_the_last_file_that_covers_their_day(deliveries: list[list[Line]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        history = open_history(root / "work", {})
        expected: list[Counter[Line]] = []
        seen: set[str] = set()
        for delivery in deliveries:
            text = "product_id,sold_at,quantity\n" + "".join(f"{p},{day(d)},{u}\n" for p, d, u in delivery)
            is_new = loaded(history, root, "sales", text, '[sales]\nkey = []\nreplaces = "days"\n')
            assert is_new == (text not in seen)
            seen.add(text)
            if is_new:
                first, last = min(d for _, d, _ in delivery), max(d for _, d, _ in delivery)
                before = expected[-1] if expected else Counter[Line]()
                kept = Counter({line: n for line, n in before.items() if not first <= line[1] <= last})
                expected.append(kept + Counter(delivery))
        assert [sold(history, loads + 1) for loads in range(len(expected))] == expected
        assert all(line.is_even for line in account(history))


@settings(max_examples=40)
@given(st.lists(keyed, min_size=1, max_size=6))
def test_lines_with_a_key_are_the_newest_word_on_each(deliveries: list[dict[int, Line]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        history = open_history(root / "work", {})
        expected: list[Counter[Line]] = []
        known: dict[int, Line] = {}
        for delivery in deliveries:
            rows = "".join(f"{key},{p},{day(d)},{u}\n" for key, (p, d, u) in delivery.items())
            text = "receipt,product_id,sold_at,quantity\n" + rows
            if loaded(history, root, "sales", text, '[sales]\nkey = "receipt"\n'):
                known |= delivery
                expected.append(Counter(known.values()))
        assert [sold(history, loads + 1) for loads in range(len(expected))] == expected
        assert all(line.is_even for line in account(history))


@settings(max_examples=40)
@given(st.lists(counts, min_size=1, max_size=6))
def test_counts_are_the_newest_word_on_each_product_and_day(deliveries: list[dict[tuple[str, int], int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        history = open_history(root / "work", {})
        expected: list[dict[tuple[str, int], int]] = []
        known: dict[tuple[str, int], int] = {}
        for delivery in deliveries:
            rows = "".join(f"{p},{day(d)},{units}\n" for (p, d), units in delivery.items())
            if loaded(history, root, "inventory", "product_id,counted_on,units_on_hand\n" + rows, ""):
                known = known | delivery
                expected.append(known)
        for loads, truth in enumerate(expected, start=1):
            rows_known = history.known_table("inventory", history.ledger.loads()[:loads])
            found = rows_known.select("product_id", "counted_on", "units_on_hand").rows()
            assert {(product, (on - FIRST).days): int(units) for product, on, units in found} == truth
        assert all(line.is_even for line in account(history))
