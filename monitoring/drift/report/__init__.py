"""What was found, as a record, in words, as a page, and beside it as Evidently sees it."""
