"""From the panel to a registered model: labels, training table, backtest, fit, evaluation and promotion."""
