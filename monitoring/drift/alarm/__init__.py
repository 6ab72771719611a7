"""Which distances are out of the ordinary, for two weeks running, and where that comes from."""
