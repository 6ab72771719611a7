"""Invented sellers, from a seed: ``python -m data.synthetic`` simulates their demand and, in shops, their stock."""
