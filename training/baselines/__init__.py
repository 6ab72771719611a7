"""The simple rules that a planner would use without a model, and that a model has to beat."""
