"""How good the model has been, what it rests on, and when not to trust it."""
