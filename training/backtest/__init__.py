"""Rolling-origin backtest: what a recipe, and every rule, would have said each week, from what was known by then.

``origins`` has the calendar, ``rolling`` walks it, ``predictions`` is the file that others measure.
"""
