"""The out-of-fold predictions measured: figures with intervals, beside the rules and the champion; report and plots."""
