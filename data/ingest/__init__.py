"""From a seller's files to a clean history: read as text, checked against contracts, every row accounted for.

``olist`` and ``generic`` are the two layouts; a bad row goes to quarantine with its reason.
"""
