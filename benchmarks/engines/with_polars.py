"""Polars: as its users write it, and the fastest found."""

from pathlib import Path

import polars as pl

from benchmarks.engines.interface import AS_OF_WEEK, EXCLUDED, LAGS, MEASURES, WINDOWS, Engine, items_file, orders_file

_ID = "product_id"


class PolarsRolling(Engine):
    """Rolling sums and means over each product."""

    name = "Polars, rolling over products"

    def panel(self, folder: Path) -> pl.DataFrame:
        """One lazy query, from the files to every product and week since its first sale."""
        orders = (
            pl.scan_csv(orders_file(folder), try_parse_dates=True)
            .filter(~pl.col("order_status").is_in(EXCLUDED))
            .select("order_id", week=pl.col("order_purchase_timestamp").dt.date().dt.truncate("1w"))
        )
        weekly = (
            pl.scan_csv(items_file(folder))
            .select("order_id", _ID, "price")
            .join(orders, on="order_id")
            .filter(pl.col("week") <= AS_OF_WEEK)
            .group_by(_ID, "week")
            .agg(units=pl.len().cast(pl.Float32), price=pl.col("price").mean().cast(pl.Float32))
        )
        weeks = weekly.group_by(_ID).agg(week=pl.date_ranges(pl.col("week").min(), AS_OF_WEEK, "1w").first())
        every_week = weeks.explode("week").join(weekly, on=[_ID, "week"], how="left")
        return every_week.with_columns(pl.col("units", "price").fill_null(0)).sort(_ID, "week").collect()

    def features(self, panel: pl.DataFrame) -> pl.DataFrame:
        """By shift and rolling, over each product."""
        columns: list[pl.Expr] = []
        for stem, field in MEASURES.items():
            value = pl.col(field)
            columns += [value.shift(k - 1).over(_ID).alias(f"{stem}_lag_{k}") for k in LAGS]
            columns += [value.rolling_sum(w).over(_ID).alias(f"{stem}_roll_sum_{w}") for w in WINDOWS]
            columns += [value.rolling_mean(w).over(_ID).alias(f"{stem}_roll_mean_{w}") for w in WINDOWS]
        return panel.select(columns)

    def write_table(self, panel: pl.DataFrame, features: pl.DataFrame, to: Path) -> None:
        """Known features of products that sold lately, with what the next week sold."""
        ahead = pl.col("units").shift(-1).over(_ID)
        keys = panel.select(_ID, as_of_week="week", outcome=(ahead == 0).cast(pl.Float32))
        table = pl.concat([keys, features], how="horizontal")
        table.filter(pl.col("sales_qtd_roll_sum_4") > 0).write_parquet(to)


class PolarsShifts(PolarsRolling):
    """The fastest found: whole columns shifted, and what comes from another product's weeks blanked out."""

    name = "Polars, sums of shifted columns"

    def features(self, panel: pl.DataFrame) -> pl.DataFrame:
        """From shifted columns and their sums; this needs rows without gaps, sorted by product and week."""
        age = pl.int_range(pl.len()).over(_ID)
        shifted = panel.with_columns(age=age).with_columns(
            pl.when(pl.col("age") >= k).then(pl.col(field).shift(k)).alias(f"{field}_{k}")
            for field in MEASURES.values()
            for k in (1, 2, 3)
        )
        columns: list[pl.Expr] = []
        for stem, field in MEASURES.items():
            total = pl.col(field)
            columns.append(total.alias(f"{stem}_lag_1"))
            for k in (1, 2, 3):
                if k < 3:
                    columns.append(pl.col(f"{field}_{k}").alias(f"{stem}_lag_{k + 1}"))
                total = total + pl.col(f"{field}_{k}")
                columns += [
                    total.alias(f"{stem}_roll_sum_{k + 1}"),
                    (total / (k + 1)).alias(f"{stem}_roll_mean_{k + 1}"),
                ]
        return shifted.select(columns)
