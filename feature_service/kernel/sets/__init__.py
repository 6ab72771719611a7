"""The feature sets, one file each: which features, from which fields of the panel, by which formula.

``catalogue`` lists them by their versioned name. A set is never changed once a model was trained on it.
"""
