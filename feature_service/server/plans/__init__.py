"""Planners' decisions, in the database of the state; where none is named, :mod:`.off` answers."""
