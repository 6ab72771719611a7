"""The history service: takes sales and counts of stock as they happen, and tells watchers of the counts."""
