"""What is measured of a scorer, be it a model or a rule, and how much each figure would move with other products."""
