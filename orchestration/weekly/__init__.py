"""The run that a timer starts: what landed is loaded, every question is answered, what became of it is kept."""
