"""The Spark engine: panel, features and scoring by executors, bit for bit what one machine computes.

    facts (Parquet of the history's Delta tables) -> clean -> panel -> features, eligibility, reasons

Products lie in buckets, by a hash of their item, so that products that look at each other lie in one. Inside a bucket
runs the code of one machine (``data.history.clean``, ``data.panel.build``, the kernel, the model's bundle); what all
products share is summed up by the driver between the jobs. Nothing else imports PySpark.
"""
