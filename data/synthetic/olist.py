"""Invented sellers in Olist's exact layout.

Nothing in these files is or was real. The same arguments give the same files, byte for byte.
"""

import datetime as dt
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from data.ingest.contracts import ITEMS, ORDERS, PRODUCTS, TRANSLATION
from data.synthetic.demand import UNITS_PER_WEEK_SCALE, SimulatedDemand, simulate_demand
from data.weeks import DateArray, monday_of
from feature_service.kernel.arrays import IntArray

FIRST_WEEK = dt.date(2017, 1, 2)
WEEKS = 86
CATEGORIES = {
    "beleza_saude": "health_beauty",
    "informatica_acessorios": "computers_accessories",
    "automotivo": "auto",
    "cama_mesa_banho": "bed_bath_table",
    "moveis_decoracao": "furniture_decor",
    "esporte_lazer": "sports_leisure",
    "perfumaria": "perfumery",
    "utilidades_domesticas": "housewares",
    "telefonia": "telephony",
    "relogios_presentes": "watches_gifts",
    "brinquedos": "toys",
    "ferramentas_jardim": "garden_tools",
}

_CHANCE_OF_SHARED_ORDER = 0.12
_SHARE_WITHOUT_ITEMS = 0.008
_STATUSES = np.array(["delivered", "canceled", "unavailable", "invoiced", "processing"])
_STATUS_SHARES = (0.985, 0.006, 0.003, 0.003, 0.003)
_DAYS_TO_DELIVER = 12

Texts = npt.NDArray[np.str_]


def write_synthetic_olist(
    folder: Path,
    *,
    seed: int,
    products: int,
    weeks: int = WEEKS,
    first_week: dt.date = FIRST_WEEK,
    scale: float = UNITS_PER_WEEK_SCALE,
) -> None:
    """Write orders, order items, products and the translation of categories as CSV files into ``folder``.

    Args:
        folder: Made if need be; files of the same names are replaced.
        seed: Of every random choice.
        products: How many are listed; some of them never sell.
        weeks: Length of the history.
        first_week: Any day of its first week.
        scale: How much they sell; with 0.075 as little as Olist's own, 3.4 items a product.
    """
    rng = np.random.default_rng(seed)
    demand = simulate_demand(rng, products=products, weeks=weeks, first_week=monday_of(first_week), scale=scale)
    folder.mkdir(parents=True, exist_ok=True)
    product_ids = _ids(rng, products)
    order, position = _group_into_orders(rng, demand)
    orders = _orders(rng, demand, order)
    order_ids = orders["order_id"].to_numpy()
    items = pl.DataFrame(
        {
            "order_id": order_ids[order],
            "order_item_id": position,
            "product_id": product_ids[demand.product],
            "seller_id": _ids(rng, products // 20 + 1)[demand.product // 20],
            "shipping_limit_date": orders["order_approved_at"].dt.offset_by("6d").gather(order),
            "price": demand.price,
            "freight_value": np.round(rng.gamma(4, 5, len(order)), 2),
        }
    )
    empty = _orders_without_items(rng, orders)
    _write(items.sort("order_id", "order_item_id"), folder / f"{ITEMS.stem}.csv")
    _write(pl.concat([orders, empty]).sort("order_purchase_timestamp", "order_id"), folder / f"{ORDERS.stem}.csv")
    _write(_products(rng, product_ids), folder / f"{PRODUCTS.stem}.csv")
    translation = {
        "product_category_name": list(CATEGORIES),
        "product_category_name_english": list(CATEGORIES.values()),
    }
    pl.DataFrame(translation).write_csv(folder / f"{TRANSLATION.stem}.csv", include_bom=True, line_terminator="\r\n")


def _group_into_orders(rng: np.random.Generator, demand: SimulatedDemand) -> tuple[IntArray, IntArray]:
    """The order of each unit, and its place in that order, from 1; some orders hold several units of one day."""
    new_day = np.diff(demand.day, prepend=-1) > 0
    starts = new_day | (rng.random(len(demand.day)) >= _CHANCE_OF_SHARED_ORDER)
    order = np.cumsum(starts) - 1
    first_unit = np.flatnonzero(starts)
    return order, np.arange(len(order)) - first_unit[order] + 1


def _orders(rng: np.random.Generator, demand: SimulatedDemand, order: IntArray) -> pl.DataFrame:
    count = int(order[-1]) + 1 if len(order) else 0
    day = demand.days[demand.day[np.unique(order, return_index=True)[1]]]
    status = rng.choice(_STATUSES, count, p=_STATUS_SHARES)
    recent = (demand.days[-1] - day).astype(np.int64) < _DAYS_TO_DELIVER
    status = np.where((status == "delivered") & recent, "shipped", status)
    seconds = (86_400 * rng.beta(3, 2, count)).astype("timedelta64[s]")
    return _order_rows(rng, _ids(rng, count), status, day.astype("datetime64[s]") + seconds)


def _orders_without_items(rng: np.random.Generator, orders: pl.DataFrame) -> pl.DataFrame:
    count = int(_SHARE_WITHOUT_ITEMS * orders.height)
    bought = orders["order_purchase_timestamp"].gather(np.sort(rng.integers(0, max(orders.height, 1), count)))
    status = rng.choice(np.array(["unavailable", "canceled"]), count, p=(0.8, 0.2))
    return _order_rows(rng, _ids(rng, count), status, bought.to_numpy())


def _order_rows(rng: np.random.Generator, ids: Texts, status: Texts, bought: DateArray) -> pl.DataFrame:
    """Rows of the orders file; times are the seller's local clock, in seconds."""
    count = len(ids)
    approved = bought + rng.integers(600, 86_400, count).astype("timedelta64[s]")
    carried = approved + rng.integers(86_400, 4 * 86_400, count).astype("timedelta64[s]")
    delivered = carried + rng.integers(2 * 86_400, 15 * 86_400, count).astype("timedelta64[s]")
    arrived = pl.col("order_status") == "delivered"
    return pl.DataFrame(
        {
            "order_id": ids,
            "customer_id": _ids(rng, count),
            "order_status": status,
            "order_purchase_timestamp": bought.astype("datetime64[us]"),
            "order_approved_at": approved.astype("datetime64[us]"),
            "order_delivered_carrier_date": carried.astype("datetime64[us]"),
            "order_delivered_customer_date": delivered.astype("datetime64[us]"),
            "order_estimated_delivery_date": (bought.astype("datetime64[D]") + 24).astype("datetime64[us]"),
        },
        schema_overrides=dict.fromkeys(("order_id", "customer_id", "order_status"), pl.String),
    ).with_columns(
        pl.when(arrived | (pl.col("order_status") == "shipped")).then("order_delivered_carrier_date"),
        pl.when(arrived).then("order_delivered_customer_date"),
    )


def _products(rng: np.random.Generator, ids: Texts) -> pl.DataFrame:
    count = len(ids)
    weights = 1 / np.arange(1, len(CATEGORIES) + 1)
    category = rng.choice(np.array(list(CATEGORIES)), count, p=weights / weights.sum())
    columns = {"product_id": ids, "product_category_name": np.where(rng.random(count) < 0.02, "", category)}
    sizes = {
        "product_name_lenght": rng.integers(20, 64, count),
        "product_description_lenght": rng.integers(80, 3_000, count),
        "product_photos_qty": rng.integers(1, 6, count),
        "product_weight_g": rng.integers(1, 200, count) * 50,
        "product_length_cm": rng.integers(16, 60, count),
        "product_height_cm": rng.integers(2, 40, count),
        "product_width_cm": rng.integers(11, 45, count),
    }
    return pl.DataFrame({**columns, **{name: size.astype(np.float64) for name, size in sizes.items()}})


def _ids(rng: np.random.Generator, count: int) -> Texts:
    """Ids as Olist's: 32 hexadecimal digits."""
    digits = rng.bytes(16 * count).hex()
    return np.array([digits[at : at + 32] for at in range(0, len(digits), 32)], dtype="U32")


def _write(rows: pl.DataFrame, path: Path) -> None:
    """A CSV file in Olist's style: ids and names of columns in quotes, other texts without."""
    quoted = rows.with_columns(pl.format('"{}"', name).alias(name) for name in rows.columns if _is_key(name))
    with path.open("wb") as file:
        file.write((",".join(f'"{name}"' for name in rows.columns) + "\n").encode())
        quoted.write_csv(
            file,
            include_header=False,
            quote_style="never",
            datetime_format="%Y-%m-%d %H:%M:%S",
            float_precision=1 if path.stem == PRODUCTS.stem else 2,
        )


def _is_key(name: str) -> bool:
    return name in {"order_id", "customer_id", "product_id", "seller_id"}
