"""The order list: what to order of whom, to look at and to send."""
