"""The panel and the 18 features with pandas, as its users write them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from data.ingest.result import CleanHistory

MEASURES = {"sales_qtd": "units_sold", "price_mean": "price_mean"}
Columns = Mapping[str, "pd.Series[float]"]


def pandas_panel(items: pd.DataFrame, as_of_week: dt.date) -> pd.DataFrame:
    """One row per product and week, products and weeks sorted, NaN before a product's first sale."""
    items = items[items["sold_on"] < pd.Timestamp(as_of_week) + pd.Timedelta(days=7)]
    monday = items["sold_on"] - pd.to_timedelta(items["sold_on"].dt.dayofweek, unit="D")
    weekly = (
        items.assign(week=monday, value=items["units"] * items["unit_price"])
        .groupby(["product_id", "week"])[["units", "value"]]
        .sum()
    )
    weekly["price_mean"] = weekly.pop("value") / weekly["units"]
    weeks = pd.date_range(monday.min(), as_of_week, freq="7D")
    wide: Any = weekly.unstack(fill_value=0)  # noqa: PD010 - pivot_table would group once more
    units = wide["units"].reindex(columns=weeks, fill_value=0).astype("float32")
    prices = wide["price_mean"].reindex(columns=weeks, fill_value=0).astype("float32")
    launched = units.gt(0).cummax(axis=1)
    return pd.DataFrame(
        {
            "product_id": pd.Categorical.from_codes(np.repeat(np.arange(len(units)), len(weeks)), units.index),
            "week": np.tile(weeks, len(units)),
            "units_sold": units.where(launched).to_numpy().ravel(),
            "price_mean": prices.where(launched).to_numpy().ravel(),
        }
    )


def pandas_shifts(panel: pd.DataFrame) -> Columns:
    """The 18 features from shifted columns and their sums."""
    features: dict[str, Any] = {}
    by_product = panel.groupby("product_id", sort=False, observed=True)
    for stem, field in MEASURES.items():
        total = panel[field]
        features[f"{stem}_lag_1"] = total
        for k in (1, 2, 3):
            shifted = by_product[field].shift(k)
            if k < 3:
                features[f"{stem}_lag_{k + 1}"] = shifted
            total = total + shifted
            features[f"{stem}_roll_sum_{k + 1}"] = total
            features[f"{stem}_roll_mean_{k + 1}"] = total / (k + 1)
    return features


def pandas_rolling(panel: pd.DataFrame) -> Columns:
    """The 18 features by groupby, shift and rolling."""
    features: dict[str, Any] = {}
    by_product = panel.groupby("product_id", sort=False, observed=True)
    for stem, field in MEASURES.items():
        for k in (1, 2, 3):
            features[f"{stem}_lag_{k}"] = by_product[field].shift(k - 1)
        for window in (2, 3, 4):
            rolling = by_product[field].rolling(window)
            features[f"{stem}_roll_sum_{window}"] = rolling.sum()
            features[f"{stem}_roll_mean_{window}"] = rolling.mean()
    return features


def as_pandas(ingested: CleanHistory) -> pd.DataFrame:
    """The sales as pandas users hold them."""
    sales = ingested.sales
    return pd.DataFrame(
        {
            "product_id": pd.Series(sales["product_id"].to_list(), dtype="str"),
            "sold_on": sales["sold_on"].to_numpy().astype("datetime64[s]"),
            "units": sales["units"].to_numpy(),
            "unit_price": sales["unit_price"].to_numpy(),
        }
    )
