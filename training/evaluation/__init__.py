"""The figures of the out-of-fold predictions beside the rules and the champion, with their report and plots."""

BUNDLE_DIR = "bundle"
"""The finished bundle, below the folder of an evaluation."""
