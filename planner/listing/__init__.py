"""The list of products, as a page."""
