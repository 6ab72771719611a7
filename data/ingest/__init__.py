"""A seller's files in, clean sales and stock counts out: found, read as text, held against contracts, accounted for.

``olist`` and ``generic`` are the two layouts; a bad row goes to quarantine with its reason.
"""
