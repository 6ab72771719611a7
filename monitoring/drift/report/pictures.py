"""The pictures of a drift report, as texts that a page holds inside. They need no display."""

import base64
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from monitoring.drift.report.record import ColumnReport

_LINE, _OUT, _QUIET = "#0b6e99", "#d9822b", "#5f6670"


def picture_of(column: ColumnReport) -> str:
    """The distances of a column up to its week, the usual one and the floor around it; an address for an image.

    Names are left to the page: a picture's fonts do not have every letter.
    """
    figure = Figure(figsize=(7.2, 2.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    values = np.array([np.nan if each is None else each for each in column.history])
    weeks = np.datetime64(column.week, "D") - 7 * np.arange(len(values))[::-1]
    axes.plot(weeks, values, color=_LINE, linewidth=1.6, marker="o", markersize=3)
    if column.usual is not None:
        axes.axhline(column.usual, color=_QUIET, linewidth=1, linestyle=(0, (4, 3)), label="usual")
        axes.axhspan(column.usual - column.floor, column.usual + column.floor, color="#eef0f2", label="floor")
    if column.since is not None:
        since = np.array([week >= column.since for week in weeks])
        axes.plot(
            np.array(weeks)[since], values[since], color=_OUT, linewidth=2, marker="o", label="out of the ordinary"
        )
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(8))
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7, loc="upper left", frameon=False)
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
