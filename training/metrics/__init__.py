"""Figures of a scorer, be it a model or a rule, and how much each would move with other products."""
