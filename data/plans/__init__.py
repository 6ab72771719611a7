"""What planners decided upon alerts, in the database of the state: decisions are kept, plans follow from them."""
