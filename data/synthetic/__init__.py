"""Invented sellers, with a seed: ``python -m data.synthetic``. Their demand, and in shops their stock, is simulated.

What is made here is called synthetic wherever it is shown.
"""
