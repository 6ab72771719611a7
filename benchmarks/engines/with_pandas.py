"""pandas: the original's way, and vectorised by its users and by those who know where the time goes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.engines.interface import AS_OF_WEEK, EXCLUDED, LAGS, MEASURES, WINDOWS, Engine, items_file, orders_file


class PandasRolling(Engine):
    """One groupby, its shift and its rolling for all products at once."""

    name = "pandas, groupby and rolling"

    def panel(self, folder: Path) -> pd.DataFrame:
        """Sales by week, spread to products x weeks and cut at each product's first sale."""
        weekly = weekly_sales(folder)
        weeks = pd.date_range(weekly.index.levels[1].min(), AS_OF_WEEK, freq="7D")  # type: ignore[attr-defined]
        wide: Any = weekly.unstack(fill_value=0)  # noqa: PD010 - pivot_table would group once more
        units = wide["units"].reindex(columns=weeks, fill_value=0).astype("float32")
        prices = wide["price"].reindex(columns=weeks, fill_value=0).astype("float32")
        launched = units.gt(0).cummax(axis=1).to_numpy().ravel()
        panel: pd.DataFrame = pd.DataFrame(
            {
                "product_id": pd.Categorical.from_codes(np.repeat(np.arange(len(units)), len(weeks)), units.index),
                "week": np.tile(weeks, len(units)),
                "units": units.to_numpy().ravel(),
                "price": prices.to_numpy().ravel(),
            }
        )
        since_launch: pd.DataFrame = panel[launched]
        return since_launch

    def features(self, panel: pd.DataFrame) -> pd.DataFrame:
        """By groupby, shift and rolling."""
        features: dict[str, Any] = {}
        by_product = panel.groupby("product_id", sort=False, observed=True)
        for stem, field in MEASURES.items():
            for k in LAGS:
                features[f"{stem}_lag_{k}"] = by_product[field].shift(k - 1)
            for window in WINDOWS:
                rolling = by_product[field].rolling(window)
                features[f"{stem}_roll_sum_{window}"] = rolling.sum().to_numpy()
                features[f"{stem}_roll_mean_{window}"] = rolling.mean().to_numpy()
        return pd.DataFrame(features)

    def write_table(self, panel: pd.DataFrame, features: pd.DataFrame, to: Path) -> None:
        """Known features of products that sold lately, with what the next week sold."""
        ahead = panel.groupby("product_id", sort=False, observed=True)["units"].shift(-1)
        outcome = ahead.eq(0).astype("float32").where(ahead.notna())
        keys = panel[["product_id"]].assign(as_of_week=panel["week"], outcome=outcome)
        sold_lately = features["sales_qtd_roll_sum_4"] > 0
        pd.concat([keys, features.astype("float32")], axis=1)[sold_lately].to_parquet(to, index=False)


class PandasShifts(PandasRolling):
    """The fastest found: sums of shifted columns, which one writes only when one knows that rolling is slow."""

    name = "pandas, sums of shifted columns"

    def features(self, panel: pd.DataFrame) -> pd.DataFrame:
        """From shifted columns and their sums."""
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
        return pd.DataFrame(features)


class Original(PandasRolling):
    """The original system's method: for each feature a groupby, and for each product a transform of its own."""

    name = "the original's: groupby + transform"

    def features(self, panel: pd.DataFrame) -> pd.DataFrame:
        """One column after the other."""
        features = pd.DataFrame(index=panel.index)
        for stem, field in MEASURES.items():
            by_product = panel.groupby("product_id", sort=False, observed=True)[field]
            for k in LAGS:
                features[f"{stem}_lag_{k}"] = by_product.transform(lambda weeks, k=k: weeks.shift(k - 1))
            for window in WINDOWS:
                features[f"{stem}_roll_sum_{window}"] = by_product.transform(
                    lambda weeks, window=window: weeks.rolling(window).sum()
                )
                features[f"{stem}_roll_mean_{window}"] = by_product.transform(
                    lambda weeks, window=window: weeks.rolling(window).mean()
                )
        return features


def weekly_sales(folder: Path) -> pd.DataFrame:
    """Units and mean price by product and week, of weeks with a sale."""
    orders = pd.read_csv(
        orders_file(folder),
        usecols=["order_id", "order_status", "order_purchase_timestamp"],
        parse_dates=["order_purchase_timestamp"],
    )
    items = pd.read_csv(items_file(folder), usecols=["order_id", "product_id", "price"])
    sales = items.merge(orders[~orders["order_status"].isin(EXCLUDED)], on="order_id")
    day = sales["order_purchase_timestamp"].dt.normalize()
    sales["week"] = day - pd.to_timedelta(day.dt.dayofweek, unit="D")
    sales = sales[sales["week"] <= pd.Timestamp(AS_OF_WEEK)]
    return sales.groupby(["product_id", "week"]).agg(units=("price", "size"), price=("price", "mean"))
