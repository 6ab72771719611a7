"""The form of text, numbers and dates: told from the values, with evidence, and believed when certain."""
