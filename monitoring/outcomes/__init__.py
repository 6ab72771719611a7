"""Did the alerts come true? What was said is kept, held against what happened, and told as figures.

work-dir/outcomes/<question>/
    predictions/<snapshot id>.parquet     what each published snapshot said of its newest week, for ever
    outcomes/<snapshot id>.parquet        how these products turned out, as far as the data tell
snapshots/TRACK_RECORD.json               the figures, which the gRPC server tells

keep_predictions    once for each snapshot, when it is published or later
update              with every new panel: outcomes, the ledger of alert episodes (SQL), figures
"""
