"""Whatever comes in whatever order: at each load the history is what a plain reading of the deliveries says."""

import datetime as dt
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from data.history.account import account
from data.history.events import CountEvent, SaleEvent
from data.history.folder import DeliveryFolder
from data.history.history import History, open_history
from data.history.load import load_delivery
from data.history.record import record

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


@settings(max_examples=25)
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


@settings(max_examples=25)
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


@settings(max_examples=25)
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


VALUES = {str(number): ("AB"[number % 2], number % 10, 1 + number % 4) for number in range(1, 12)}
"""What each event says, by its id: an event that is sent again says the same."""

sent = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=8)


def sale(name: str) -> SaleEvent:
    product, on, units = VALUES[name]
    return SaleEvent(name, product, FIRST + dt.timedelta(days=on), None, units, None)


@settings(max_examples=25)
@given(st.lists(lines | sent, min_size=1, max_size=8))
def test_events_count_once_until_a_file_without_a_key_says_their_days(
    steps: list[list[Line]] | list[list[str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        history = open_history(root / "work", {})
        known, recorded, seen = Counter[Line](), set[str](), set[str]()
        for step in steps:
            if isinstance(step[0], str):
                record(history, [[sale(name) for name in step[:3]], [sale(name) for name in step[3:]]], "UTC")
                known += Counter(VALUES[name] for name in set(step) - recorded)
                recorded |= set(step)
            else:
                text = "product_id,sold_at,quantity\n" + "".join(f"{p},{day(d)},{u}\n" for p, d, u in step)
                if loaded(history, root, "sales", text, '[sales]\nkey = []\nreplaces = "days"\n'):
                    first, last = min(d for _, d, _ in step), max(d for _, d, _ in step)
                    kept = Counter({line: n for line, n in known.items() if not first <= line[1] <= last})
                    known = kept + Counter(step)
                    assert text not in seen
                seen.add(text)
            assert sold(history, len(history.ledger.loads())) == known
        assert all(line.is_even for line in account(history))


@settings(max_examples=25)
@given(st.lists(keyed | sent, min_size=1, max_size=8))
def test_of_events_and_lines_with_the_same_key_the_newest_word_counts(
    steps: list[dict[int, Line]] | list[list[str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        history = open_history(root / "work", {})
        known: dict[str, Line] = {}
        recorded: set[str] = set()
        for step in steps:
            if isinstance(step, list):
                record(history, [[sale(name) for name in step]], "UTC")
                known |= {name: VALUES[name] for name in set(step) - recorded}
                recorded |= set(step)
            else:
                rows = "".join(f"{key},{p},{day(d)},{u}\n" for key, (p, d, u) in step.items())
                text = "receipt,product_id,sold_at,quantity\n" + rows
                if loaded(history, root, "sales", text, '[sales]\nkey = "receipt"\n'):
                    known |= {str(key): line for key, line in step.items()}
            assert sold(history, len(history.ledger.loads())) == Counter(known.values())
        assert all(line.is_even for line in account(history))


taken = st.tuples(st.sampled_from("AB"), st.integers(0, 3), st.integers(0, 99), st.integers(0, 4))


@settings(max_examples=25)
@given(st.lists(taken, min_size=1, max_size=12, unique_by=lambda each: each[:3]), st.data())
def test_of_recorded_counts_the_last_of_the_day_counts_in_whatever_order_they_come(
    counts: list[tuple[str, int, int, int]], data: st.DataObject
) -> None:
    events = [
        CountEvent(str(number), product, FIRST + dt.timedelta(days=on), at, units)
        for number, (product, on, at, units) in enumerate(counts)
    ]
    order = data.draw(st.lists(st.sampled_from(events), max_size=12)) + data.draw(st.permutations(events))
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=len(order), max_size=len(order)))
    with tempfile.TemporaryDirectory() as folder:
        history = open_history(Path(folder) / "work", {})
        while order:
            size = sizes.pop()
            record(history, [order[:size], order[size : 2 * size]], "UTC")
            order = order[2 * size :]
        last = {}
        for product, on, _, units in sorted(counts, key=lambda each: each[2]):
            last[product, FIRST + dt.timedelta(days=on)] = float(units)
        known = history.known_table("inventory", history.ledger.loads())
        rows = known.select("product_id", "counted_on", "units_on_hand").rows()
        assert {(product, on): units for product, on, units in rows} == last
        assert all(line.is_even for line in account(history))
