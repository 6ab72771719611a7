"""Rolling-origin backtest: what a recipe and every rule would have predicted each week from what was known by then."""

PREDICTIONS_FILE = "predictions.parquet"
RUN_OUT_FILE = "run_out.parquet"
