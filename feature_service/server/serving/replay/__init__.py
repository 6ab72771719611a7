"""Past weeks, answered by what answered when they were the newest, where it is still here."""
