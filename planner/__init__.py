"""The page that planners work in: what needs a decision, what to order, and whether the model can be trusted."""
