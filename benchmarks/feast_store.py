"""Feast in an environment of its own, as its packages and this project's exclude each other.

Made by uv of the pinned ``benchmarks/feast/requirements.txt``, below ``work/bench`` and kept for the next run.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "feast" / "requirements.txt"
_ENVIRONMENT = _HERE.parent / "work" / "bench" / "feast"
SERVICE = "stockout_features"


def feast_bin() -> Path:
    """The folder with Feast's commands; installs it where that was not done yet, or with other versions."""
    made_of = _ENVIRONMENT / "requirements.txt"
    if not made_of.exists() or made_of.read_bytes() != _REQUIREMENTS.read_bytes():
        print(f"installing Feast into {_ENVIRONMENT}", file=sys.stderr)
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, _ENVIRONMENT], check=True)
        python = _ENVIRONMENT / "bin" / "python"
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-r", _REQUIREMENTS], check=True)
        shutil.copyfile(_REQUIREMENTS, made_of)  # last: half an environment is none
    return _ENVIRONMENT / "bin"


def fill(folder: Path, product_ids: tuple[str, ...], features: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Make a Feast repository in ``folder`` that holds each product's features in its online store."""
    folder.mkdir()
    file = folder / "features.parquet"
    pq.write_table(pa.table({"product_id": list(product_ids), **features}), file)
    subprocess.run([feast_bin() / "python", _HERE / "feast" / "fill.py", file, folder], check=True)
