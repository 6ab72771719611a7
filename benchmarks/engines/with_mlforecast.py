"""mlforecast: its lags and rolling means, in C++, over Polars' columns."""

import polars as pl
from mlforecast.feature_engineering import transform_exog
from mlforecast.lag_transforms import RollingMean

from benchmarks.engines.interface import MEASURES, WINDOWS
from benchmarks.engines.with_polars import PolarsRolling


class Mlforecast(PolarsRolling):
    """Polars' panel and table around it, since mlforecast has neither."""

    name = "mlforecast, on Polars' panel"

    def features(self, panel: pl.DataFrame) -> pl.DataFrame:
        """By its transforms, of both measures at once; it has no rolling sum, so sums are means times weeks."""
        made = transform_exog(
            panel,
            lags=[1, 2],
            lag_transforms={0: [RollingMean(w) for w in WINDOWS]},
            id_col="product_id",
            time_col="week",
        )
        columns: list[pl.Expr] = []
        for stem, field in MEASURES.items():
            lags = (field, f"{field}_lag1", f"{field}_lag2")
            columns += [pl.col(name).alias(f"{stem}_lag_{k}") for k, name in enumerate(lags, start=1)]
            for window in WINDOWS:
                mean = pl.col(f"{field}_rolling_mean_lag0_window_size{window}").fill_nan(None)
                columns += [
                    mean.alias(f"{stem}_roll_mean_{window}"),
                    (mean * window).alias(f"{stem}_roll_sum_{window}"),
                ]
        return made.select(columns)
