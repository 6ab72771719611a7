"""What servers of a shard each answer together is what one server of all products answers, in its order."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest
from google.type import date_pb2
from hypothesis import given
from hypothesis import strategies as st
from stockout.v1.risk_service_pb2 import OutOfStock, RankedStockoutRisk, StockoutRisk

from feature_service.client import FleetError, Item, ListFilter, SnapshotChangedError
from feature_service.client.errors import DifferentSnapshotsError
from feature_service.client.exchanges import assess, features, list_risks
from feature_service.client.fleet.merge import Merge
from feature_service.client.fleet.servers import Fleet, targets_of
from feature_service.server.scoring.planner import Figures
from feature_service.server.scoring.queries import RankFilter, RankOrder
from feature_service.server.scoring.ranked_list import Categories, RankedList, sort_keys
from feature_service.server.scoring.stock_outs import StockOuts
from feature_service.shards import ShardKey, shard_number
from tests.support.answering import Answering, answered

LAST_DAY = dt.date(2024, 1, 7)
COUNTS = st.integers(2, 5)
KEYS: st.SearchStrategy[ShardKey] = st.sampled_from(["PRODUCT_ID", "ITEM"])
IDS = st.text("ab-é", min_size=1, max_size=4)
KNOWN = st.sampled_from([0.0, 0.25, 0.5, 1.0])
FIGURES = st.one_of(st.just(float("nan")), KNOWN)
ROWS = st.lists(st.tuples(KNOWN, FIGURES, FIGURES, st.booleans()), max_size=25)


def fleet_of(count: int) -> Fleet:
    return Fleet(",".join(f"host-{number}:1" for number in range(count)), "")


def servers_of(count: int, key: ShardKey) -> list[Answering]:
    return [Answering((number, count, key)) for number in range(count)]


class Ranked:
    """Products as a server ranks them; those without stock have no probability."""

    def __init__(self, rows: Sequence[tuple[float, float, float, bool]], curve_weeks: int = 0) -> None:
        first, second, third, is_out = (np.array([row[n] for row in rows]) for n in range(4))
        self.ids = [f"{number % 3}-{number:02}" for number in range(len(rows))]
        self.ids.sort()
        self._out = np.flatnonzero(is_out)
        self._probability = np.where(is_out, np.nan, first).astype(np.float32)
        self._revenue, self._days = second.astype(float), np.floor(third.astype(float) * 100)
        self._units = first.astype(float)
        self._curve = np.minimum(self._probability[:, None] * (1 + np.arange(curve_weeks)), 1).astype(np.float32)
        self._relief = np.nan_to_num(third.astype(float)) if curve_weeks else np.full(len(rows), np.nan)

    def listed(self, rows: Sequence[int], order: RankOrder, *, with_out: bool) -> list[RankedStockoutRisk]:
        """The list of a server that holds these rows."""
        held = np.array(rows, dtype=np.intp)
        out = held[np.isin(held, self._out)]
        nothing = np.full(len(out), np.nan)
        worst = StockOuts(out, LAST_DAY, nothing, self._units[out], self._revenue[out]).worst_first()
        known = {"revenue_at_risk": self._revenue[held], "reorder_in_days": self._days[held]}
        known |= {"relief_probability": self._relief[held], "revenue_at_risk_before_relief": self._revenue[held]}
        unknown = {each.name: np.full(len(held), np.nan) for each in dataclasses.fields(Figures)}
        run_out = self._curve[held]
        keys = sort_keys(self._probability[held], run_out, Figures(**unknown | known))
        categories = Categories([""] * len(held))
        ranked = RankedList(
            self._probability[held], self._probability[held] >= 0.5, categories, keys, np.searchsorted(held, worst)
        )
        listed = held[ranked.rows(RankFilter(order=order, include_out_of_stock=with_out))]
        return [self._message(row, rank) for rank, row in enumerate(listed.tolist(), 1)]

    def _message(self, row: int, rank: int) -> RankedStockoutRisk:
        message = RankedStockoutRisk(rank=rank, product_id=self.ids[row])
        revenue, days = self._revenue[row], self._days[row]
        if row in self._out:
            message.out_of_stock.CopyFrom(OutOfStock(units_lost_per_week=self._units[row]))
            if not np.isnan(revenue):
                message.out_of_stock.revenue_lost_per_week = revenue
            return message
        message.risk.CopyFrom(StockoutRisk(probability=self._probability[row], run_out_probabilities=self._curve[row]))
        if not np.isnan(revenue):
            message.risk.revenue_at_risk = message.risk.revenue_at_risk_before_relief = revenue
        if not np.isnan(self._relief[row]):
            message.risk.relief_probability = self._relief[row]
        if not np.isnan(days):
            day = LAST_DAY + dt.timedelta(days=int(days))
            message.risk.reorder_by_date.CopyFrom(date_pb2.Date(year=day.year, month=day.month, day=day.day))
        return message


@given(
    rows=ROWS,
    count=COUNTS,
    key=KEYS,
    curve_weeks=st.integers(0, 3),
    order=st.sampled_from(RankOrder),
    with_out=st.booleans(),
    limit=st.integers(1, 30),
    page_size=st.integers(1, 7),
)
def test_a_list_is_that_of_one_server_whatever_the_order_the_limit_and_the_pages(
    rows: Sequence[tuple[float, float, float, bool]],
    count: int,
    key: ShardKey,
    curve_weeks: int,
    order: RankOrder,
    with_out: bool,
    limit: int,
    page_size: int,
) -> None:
    ranked, servers = Ranked(rows, curve_weeks), servers_of(count, key)
    everything = range(len(rows))
    for number, server in enumerate(servers):
        held = [row for row in everything if shard_number(ranked.ids[row], count, key) == number]
        server.ranked, server.page_size = ranked.listed(held, order, with_out=with_out), page_size
    single = Answering(ranked=ranked.listed(everything, order, with_out=with_out))
    asked = ListFilter(order=order.name, include_out_of_stock=with_out)
    assert answered(list_risks(fleet_of(count), asked, limit), servers) == answered(
        list_risks(Fleet("one", ""), asked, limit), [single]
    )


@given(
    products=st.lists(st.one_of(IDS, st.builds(Item, IDS)), min_size=1), count=COUNTS, key=KEYS, size=st.integers(1, 4)
)
def test_every_answer_is_at_its_place_and_no_server_is_asked_for_what_another_holds(
    products: list[str | Item], count: int, key: ShardKey, size: int
) -> None:
    fleet, servers = fleet_of(count), servers_of(count, key)
    fleet.max_ids = size
    ids = [each if isinstance(each, str) else each.product_id for each in products]
    risks = answered(assess(fleet, products, None, 0), servers)
    assert [(each.product_id, each.error) for each in risks.results] == [(each, None) for each in ids]
    told = answered(features(fleet, ids, None, ""), servers)
    assert [(each.product_id, each.values) for each in told.results] == [(each, (len(each),)) for each in ids]


@given(parts=st.lists(st.lists(st.lists(st.integers(0, 9)))))
def test_a_merge_of_ordered_parts_is_ordered_and_asks_only_for_parts_of_which_nothing_is_left(
    parts: list[list[list[int]]],
) -> None:
    whole = [sorted((number, part) for piece in pieces for number in piece) for part, pieces in enumerate(parts)]
    merge: Merge[tuple[int, int]] = Merge(len(parts), key=lambda item: item)
    taken: list[tuple[int, int]] = []
    given_of, places = [0] * len(parts), [iter(map(len, pieces)) for pieces in parts]
    while missing := merge.missing():
        for part in missing:
            assert given_of[part] == sum(each[1] == part for each in taken)
            length = next(places[part], None)
            start = given_of[part]
            given_of[part] += length or 0
            merge.add(part, whole[part][start : given_of[part]], is_last=length is None)
        taken += merge.take()
    assert taken == sorted(item for items in whole for item in items)


def test_an_answer_waits_for_the_server_that_takes_the_newer_snapshot_last() -> None:
    servers = servers_of(3, "PRODUCT_ID")
    servers[1].snapshots = ["old", "old", "one"]
    ids = [str(number) for number in range(20)]
    assert answered(assess(fleet_of(3), ids, None, 0), servers).provenance.snapshot_id == "one"
    servers[1].snapshots = ["old", "old", "one"]
    assert answered(list_risks(fleet_of(3), ListFilter(), 20), servers).provenance.snapshot_id == "one"


def test_servers_that_keep_different_snapshots_are_named_with_them() -> None:
    servers = servers_of(2, "PRODUCT_ID")
    servers[1].snapshots = ["old"]
    told = r"\(one at host-0:1 \(shard 0/2\), old at host-1:1 \(shard 1/2\)\): ask again when all have taken the newer"
    with pytest.raises(DifferentSnapshotsError, match=told) as raised:
        answered(assess(fleet_of(2), ["a", "b", "c", "d"], None, 0), servers)
    assert isinstance(raised.value, SnapshotChangedError)


def test_the_versions_of_counts_are_those_of_the_shards_in_their_order_unless_all_are_the_same() -> None:
    servers, ids = servers_of(3, "PRODUCT_ID"), [str(number) for number in range(20)]
    servers[2].counts_version = "x"
    assert answered(assess(fleet_of(3), ids, None, 0), servers).provenance.counts_version == ",,x"
    servers[2].counts_version = ""
    assert answered(assess(fleet_of(3), ids, None, 0), servers).provenance.counts_version == ""


def test_a_key_that_another_snapshot_brought_is_asked_for_once_and_then_told() -> None:
    fleet, servers, ids = fleet_of(2), servers_of(2, "PRODUCT_ID"), [f"{number}-{number % 3}" for number in range(20)]
    answered(assess(fleet, ids, None, 0), servers)
    for number, server in enumerate(servers):
        server.shard = (number, 2, "ITEM")
    assert all(each.error is None for each in answered(assess(fleet, ids, None, 0), servers).results)
    infos = sum(call.method == "GetServiceInfo" for call in servers[0].calls)
    assert infos == 2
    servers[0].shard, servers[1].shard = (1, 2, "ITEM"), (0, 2, "ITEM")
    with pytest.raises(
        FleetError, match=r"host-0:1, named as 0/2, holds shard 1/2, host-1:1, named as 1/2, holds shard 0"
    ):
        answered(assess(fleet, ids, None, 0), servers)


@pytest.mark.parametrize(
    ("shards", "sentence"),
    [
        ([(0, 2, "ITEM"), None], "host-1:1, named as 1/2, holds all products: name the server of each shard"),
        ([(0, 3, "ITEM"), (1, 3, "ITEM")], "host-0:1, named as 0/2, holds shard 0/3, host-1:1, named as 1/2, holds"),
        (
            [(0, 2, "ITEM"), (1, 2, "PRODUCT_ID")],
            r"host-0:1 \(shard 0/2\) finds shards by ITEM, host-1:1 .* PRODUCT_ID",
        ),
        ([(1, 4, "ITEM")], "host-0:1 holds shard 1/4 of the products alone: name the servers of all 4 shards"),
        ([None] * 9, "host-2:1, named as 2/9, holds all products, and 6 others are wrong"),
    ],
)
def test_servers_that_do_not_hold_all_products_between_them_are_told_in_a_sentence(
    shards: list[tuple[int, int, ShardKey] | None], sentence: str
) -> None:
    servers = [Answering(shard) for shard in shards]
    with pytest.raises(FleetError, match=sentence):
        answered(list_risks(fleet_of(len(shards)), ListFilter(), 20), servers)


def test_a_single_server_is_asked_what_it_holds_once_for_each_snapshot_and_never_for_ids() -> None:
    fleet, server = Fleet("one:1", ""), Answering(snapshots=["one"])
    answered(assess(fleet, ["a"], None, 0), [server])
    assert [call.method for call in server.calls] == ["AssessStockoutRisks"]
    for snapshot_id in ("one", "one", "two"):
        server.snapshots = [snapshot_id]
        answered(list_risks(fleet, ListFilter(), 20), [server])
    assert sum(call.method == "GetServiceInfo" for call in server.calls) == 2


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("a:1", ("a:1",)),
        ("a:1, b:2", ("a:1", "b:2")),
        ("ipv4:10.0.0.1:1,10.0.0.2:1", ("ipv4:10.0.0.1:1,10.0.0.2:1",)),
        ("dns:///a:1,dns:///b:1", ("dns:///a:1", "dns:///b:1")),
    ],
)
def test_a_comma_stands_between_servers_but_not_in_what_grpc_takes_with_commas(
    text: str, targets: tuple[str, ...]
) -> None:
    assert targets_of(text) == targets


@pytest.mark.parametrize("text", ["a:1,", ",a:1", "a:1,,b:1", ","])
def test_an_empty_target_is_refused(text: str) -> None:
    with pytest.raises(FleetError, match="names no server before or after a comma"):
        targets_of(text)
