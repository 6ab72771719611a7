"""The page of one product: what is known of it, what is expected, what to order, and what was decided."""
