"""What is costly to make, made by one of a run's workers for all of them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from data.files import locked


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A worker's own copy of a folder that the first who asks for it makes.

    Args:
        factory: Of the worker.
        name: Of the folder, one for all that is made alike.
        make: Fills the folder, which is there and empty.
    """
    own = factory.getbasetemp()
    made = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / f"once-{name}"
    with locked(made):
        if not made.exists():
            draft = factory.mktemp(f"draft-of-{name}")
            make(draft)
            draft.replace(made)
    return shutil.copytree(made, factory.mktemp(name) / name)
