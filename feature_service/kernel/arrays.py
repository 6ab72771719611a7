"""The arrays that everything here is made of, each kind under one name."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
"""What a panel holds and a model takes: NaN is "not known"."""

DoubleArray = npt.NDArray[np.float64]
"""What is summed, and figures for people."""

BoolArray = npt.NDArray[np.bool_]

IntArray = npt.NDArray[np.int64]

GroupNumbers = npt.NDArray[np.intp]
"""Number of each product's group, shape ``(products,)``; -1 where it has none."""

RowNumbers = npt.NDArray[np.intp]
"""Numbers of a panel's rows, shape ``(rows,)``."""

Rows = slice | RowNumbers
"""Some rows of a panel."""
