"""What was known when: every delivery's rows, kept for good, and the history as it was known at any time."""
