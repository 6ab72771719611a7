"""Several servers asked as one: which holds what, and how their answers are put together."""
