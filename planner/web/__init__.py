"""What every page has: who is there, what a browser may do, the language, and the layout."""
