"""``stockout-data``: a seller's files looked at before a run, and what a run made of them."""
