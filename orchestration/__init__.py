"""Luigi tasks: each is parameters, an output and one call."""
