"""What became of what was said, and who is told of it."""
