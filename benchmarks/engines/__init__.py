"""One step of the pipeline, from Olist's CSV files to a Parquet table of features, as each engine's users write it."""
