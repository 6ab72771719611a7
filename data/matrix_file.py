"""A NumPy file that is written some rows at a time."""

import hashlib
from typing import BinaryIO

import numpy as np
import numpy.typing as npt


class MatrixFile:
    """A matrix that is written some rows at a time, and its checksum: the bytes are those of ``numpy.save``.

    Args:
        file: Open for writing and reading, and empty.
        dtype: Of the values.
        shape: Of the whole matrix.
    """

    def __init__(self, file: BinaryIO, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> None:
        self._file, self._dtype, self._digest = file, np.dtype(dtype), hashlib.sha256()
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.seek(0)
        self._digest.update(file.read())

    def append(self, rows: npt.NDArray[np.generic]) -> None:
        """Write the next rows."""
        content = np.ascontiguousarray(rows, dtype=self._dtype).data
        self._file.write(content)
        self._digest.update(content)

    def sha256(self) -> str:
        """Of what is written so far."""
        return self._digest.hexdigest()
