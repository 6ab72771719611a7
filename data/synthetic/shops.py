"""Invented shops with a stock, in the generic layout: true stock-outs are known, since they are made here.

    sales.csv inventory.csv products.csv lead_times.csv    what a seller would have
    purchase_orders.csv                                    and, where asked for, what was ordered and when it came
    truth/lost_sales.csv                                   what no seller sees: the units that an empty shelf cost

Each item in each shop is reordered by an (s, S) policy: when stock and what is on its way fall to ``s``, as much is
ordered as fills up to ``S``; it arrives after a lead time that is sometimes longer than promised. Customers who find an
empty shelf buy nothing and leave no trace in the sales.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from data.ingest.contracts import CATALOGUE, INVENTORY, LEAD_TIMES, PURCHASE_ORDERS, SALES
from data.synthetic.demand import SimulatedDemand, Turn, simulate_demand
from data.weeks import monday_of
from feature_service.kernel.arrays import IntArray

SHOPS = 8
UNITS_PER_WEEK_SCALE = 9.0
LOST_SALES_FILE = Path("truth") / "lost_sales.csv"
CATEGORIES = np.array(["bakery", "dairy", "drinks", "frozen", "household", "pantry", "pet", "snacks"])

_LONGEST_LEAD_TIME_DAYS = 21
_CHANCE_OF_DELAY = 0.25
_LONGEST_DELAY_DAYS = 7
_CHANCE_OF_NO_COUNT = 0.06
_CHANCE_OF_WRONG_COUNT = 0.01
_CHANCE_OF_PART = 0.08
_SMALLEST_PART = 0.5


@dataclass(frozen=True)
class Shelf:
    """What happened to the stock of every product on every day; shape ``(products, days)`` each, in units.

    Attributes:
        demand: What customers want.
        sales: What they find and buy.
        on_hand: What is left in the evening.
        ordered: What is then ordered and will come.
        arrives: On which day that comes, in the morning, counted from the calendar's first; it may be after its last.
    """

    demand: IntArray
    sales: IntArray
    on_hand: IntArray
    ordered: IntArray
    arrives: IntArray


@dataclass(frozen=True)
class Outage:
    """Weeks in which no supplier delivers; what was due in them comes on the day after their end.

    Attributes:
        week: Weeks of the calendar before it.
        weeks: How long it lasts.
    """

    week: int
    weeks: int

    def put_off(self, due: IntArray) -> IntArray:
        """The days on which deliveries arrive that are due on some days, both counted from the calendar's first."""
        first, end = 7 * self.week, 7 * (self.week + self.weeks)
        return np.where((due >= first) & (due < end), end, due)


def write_synthetic_generic(
    folder: Path,
    *,
    seed: int,
    products: int,
    weeks: int,
    first_week: dt.date,
    turn: Turn | None = None,
    outage: Outage | None = None,
    with_purchase_orders: bool = False,
) -> None:
    """Write sales, daily counts with gaps, categories, lead times and the truth as CSV files into ``folder``.

    Args:
        folder: Made if need be; files of the same names are replaced.
        seed: Of every random choice.
        products: How many pairs of a shop and an item; some of them never sell.
        weeks: Length of the history.
        first_week: Any day of its first week.
        turn: When and how the market changes; nobody adapts what is reordered. None where it does not.
        outage: When nothing is delivered; None where there is no such time. Nothing else is drawn otherwise for it.
        with_purchase_orders: Whether the orders that fill the shelves are written too; the other files stay the same.
    """
    rng = np.random.default_rng(seed)
    demand = simulate_demand(
        rng, products=products, weeks=weeks, first_week=monday_of(first_week), scale=UNITS_PER_WEEK_SCALE, turn=turn
    )
    wanted = np.zeros((products, len(demand.days)), dtype=np.int64)
    np.add.at(wanted, (demand.product, demand.day), 1)
    lead_time = rng.integers(3, _LONGEST_LEAD_TIME_DAYS + 1, products)
    shelf = simulate_shelf(rng, wanted, lead_time, turn, outage)
    ids = np.array([f"{row % SHOPS + 1}-{row // SHOPS + 10_001}" for row in range(products)])
    (folder / LOST_SALES_FILE).parent.mkdir(parents=True, exist_ok=True)
    _sales(demand, shelf, ids).write_csv(folder / f"{SALES.stem}.csv")
    _counts(rng, demand, shelf, ids).write_csv(folder / f"{INVENTORY.stem}.csv")
    category = CATEGORIES[rng.integers(0, len(CATEGORIES), products // SHOPS + 1)][np.arange(products) // SHOPS]
    pl.DataFrame({"product_id": ids, "category": category}).write_csv(folder / f"{CATALOGUE.stem}.csv")
    pl.DataFrame({"product_id": ids, "lead_time_days": lead_time}).write_csv(folder / f"{LEAD_TIMES.stem}.csv")
    _lost_sales(demand, shelf, ids).write_csv(folder / LOST_SALES_FILE)
    if with_purchase_orders:
        orders = _purchase_orders(np.random.default_rng([seed, 1]), demand, shelf, lead_time, ids)
        orders.write_csv(folder / f"{PURCHASE_ORDERS.stem}.csv")


def simulate_shelf(
    rng: np.random.Generator,
    demand: IntArray,
    lead_time: IntArray,
    turn: Turn | None = None,
    outage: Outage | None = None,
) -> Shelf:
    """Simulate sales, reorders and deliveries, day by day.

    Args:
        rng: Source of every random choice.
        demand: What customers want, shape ``(products, days)``, in units.
        lead_time: Promised days from ordering to having, shape ``(products,)``.
        turn: From when on deliveries are late more often; what is reordered goes by the demand before it.
        outage: When nothing is delivered.
    """
    products, days = demand.shape
    turn_day = days if turn is None else 7 * turn.week
    per_day = demand[:, :turn_day].mean(axis=1)
    # how carefully each is reordered: with less than the usual demand of the lead time in reserve, or with much more
    care = rng.uniform(0.5, 1.8, products)
    reorder_at = np.ceil(care * per_day * lead_time)
    fill_up_to = reorder_at + np.ceil(np.maximum(per_day * rng.uniform(10, 35, products), 2))
    longest_delay = _LONGEST_DELAY_DAYS if turn is None else max(_LONGEST_DELAY_DAYS, turn.longest_delay_days)
    longest_wait = _LONGEST_LEAD_TIME_DAYS + longest_delay + (0 if outage is None else 7 * outage.weeks)
    arriving = np.zeros((products, days + longest_wait + 1))
    rows = np.arange(products)
    stock, on_order = fill_up_to.copy(), np.zeros(products)
    sales, on_hand, ordered, arrives = (np.zeros_like(demand) for _ in range(4))
    for day in range(days):
        stock += arriving[:, day]
        on_order -= arriving[:, day]
        sales[:, day] = np.minimum(demand[:, day], stock)
        stock -= sales[:, day]
        on_hand[:, day] = stock
        order = np.where(stock + on_order <= reorder_at, fill_up_to - stock - on_order, 0)
        chance, longest = _CHANCE_OF_DELAY, _LONGEST_DELAY_DAYS
        if turn is not None and day >= turn_day:
            chance, longest = turn.chance_of_delay, turn.longest_delay_days
        delay = np.where(rng.random(products) < chance, rng.integers(1, longest + 1, products), 0)
        due = day + lead_time + delay
        arrives[:, day] = due if outage is None else outage.put_off(due)
        arriving[rows, arrives[:, day]] += order
        ordered[:, day] = order
        on_order += order
    return Shelf(demand, sales, on_hand, ordered, arrives)


def _sales(demand: SimulatedDemand, shelf: Shelf, ids: npt.NDArray[np.str_]) -> pl.DataFrame:
    price = np.zeros(shelf.sales.shape)
    price[demand.product, demand.day] = demand.price
    row, day = np.nonzero(shelf.sales)
    return pl.DataFrame(
        {
            "product_id": ids[row],
            "sold_at": demand.days[day],
            "quantity": shelf.sales[row, day],
            "unit_price": price[row, day],
        }
    )


def _counts(rng: np.random.Generator, demand: SimulatedDemand, shelf: Shelf, ids: npt.NDArray[np.str_]) -> pl.DataFrame:
    """Counts of most days; a few are wrong by some units, so that an empty shelf can even be counted as less than 0."""
    wrong = rng.random(shelf.on_hand.shape) < _CHANCE_OF_WRONG_COUNT
    counts = shelf.on_hand + np.where(wrong, rng.integers(-2, 3, wrong.shape), 0)
    row, day = np.nonzero(rng.random(counts.shape) >= _CHANCE_OF_NO_COUNT)
    return pl.DataFrame({"product_id": ids[row], "counted_on": demand.days[day], "units_on_hand": counts[row, day]})


def _lost_sales(demand: SimulatedDemand, shelf: Shelf, ids: npt.NDArray[np.str_]) -> pl.DataFrame:
    lost = shelf.demand - shelf.sales
    row, day = np.nonzero(lost)
    return pl.DataFrame({"product_id": ids[row], "day": demand.days[day], "lost_units": lost[row, day]})


def _purchase_orders(
    rng: np.random.Generator,
    demand: SimulatedDemand,
    shelf: Shelf,
    lead_time: IntArray,
    ids: npt.NDArray[np.str_],
) -> pl.DataFrame:
    """Orders by day; of some more was ordered than the supplier had, and those that are due after the end are open."""
    day, row = np.nonzero(shelf.ordered.T)
    came, arrives = shelf.ordered[row, day], shelf.arrives[row, day]
    share = np.where(rng.random(len(came)) < _CHANCE_OF_PART, rng.uniform(_SMALLEST_PART, 1, len(came)), 1)
    is_open = arrives >= len(demand.days)
    orders = pl.DataFrame(
        {
            "product_id": ids[row],
            "ordered_on": demand.days[day],
            "units": np.ceil(came / share).astype(np.int64),
            "expected_on": demand.days[day] + lead_time[row].astype("timedelta64[D]"),
            "received_on": demand.days[0] + arrives.astype("timedelta64[D]"),
            "received_units": came,
            "order_id": [f"PO-{number:06}" for number in range(1, len(day) + 1)],
        }
    )
    received = pl.lit(pl.Series(~is_open))
    return orders.with_columns(pl.when(received).then(name).alias(name) for name in ("received_on", "received_units"))
