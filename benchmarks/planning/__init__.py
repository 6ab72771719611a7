"""Weekly ordering on real histories: what policies would have cost."""
