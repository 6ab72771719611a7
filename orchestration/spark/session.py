"""A Spark session for the jobs of a stage, or one sentence that says what it lacks."""

import atexit
import contextlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from feature_service.kernel import StockoutError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST_JAVA = 17
_REASON = 300
_LOCAL = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false"}


class SparkError(StockoutError):
    """The Spark engine cannot start, or a job of it failed."""


@contextlib.contextmanager
def spark_session(master: str) -> Iterator["SparkSession"]:
    """A session with the jobs' settings; whatever else a cluster needs is in its own ``spark-defaults.conf``.

    Args:
        master: Where the jobs run, e.g. ``local[2]`` or ``spark://host:7077``.
    Raises:
        SparkError: If PySpark or Java is missing, or a job fails.
    """
    require_spark()
    check_java()
    from py4j.protocol import Py4JError  # noqa: PLC0415 - not there unless it was asked for
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # about conversions to pandas, of which there are none here
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {"spark.app.name": "stockout-risk", "spark.ui.showConsoleProgress": "false"}
    try:
        builder = SparkSession.builder.master(master)
        for name, value in (settings | (_LOCAL if master.startswith("local") else {})).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()  # the stages of a run share it, and the code that its workers have loaded
        atexit.register(session.stop)
        session.sparkContext.setLogLevel("ERROR")
        yield session
    except (PySparkException, Py4JError) as error:
        raise SparkError(f"Spark on {master} failed: {_last_line(str(error))}") from error


def require_spark() -> None:
    """Look for PySpark.

    Raises:
        SparkError: If it is not installed.
    """
    try:
        importlib.import_module("pyspark.sql")
    except ImportError as error:
        raise SparkError(
            "--engine spark needs PySpark, which is not installed: pip install 'pyspark>=4.3,<5' (the extra spark)"
        ) from error


def check_java() -> None:
    """Look for a Java that Spark runs on.

    Raises:
        SparkError: If there is none.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    found = _version(java) if java else None
    if found is None or found < OLDEST_JAVA:
        have = f"{java} is Java {found}" if found else f"{java or 'java'} was not found"
        raise SparkError(
            f"--engine spark needs Java {OLDEST_JAVA} or later, and {have}: install one (apt-get install "
            f"openjdk-{OLDEST_JAVA}-jre-headless) or say where it is in JAVA_HOME"
        )


def _version(java: str) -> int | None:
    """Java's major version; None if it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def _last_line(text: str) -> str:
    """What a failed job says in the end: of a Python error its last line, not its traceback."""
    errors = re.findall(r"^[: ]*([\w.$]+(?:Error|Exception): .+)$", text, flags=re.MULTILINE)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (errors[-1] if errors else lines[0] if lines else "without a reason")[:_REASON]
