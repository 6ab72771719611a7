"""The simple rules that a planner would use otherwise, and that a model has to beat: cover, rates, TSB and others."""
