"""What several kinds of tests build upon."""
