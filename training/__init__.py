"""Labels, training, evaluation, the model bundle and its registration."""
