"""Every shared library that the locked wheels leave to the system is in the image that installs them."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from packaging.requirements import Requirement

from bento.build import _REQUIREMENTS as BENTO_REQUIREMENTS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
GLIBC = {"libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "libresolv.so.2", "librt.so.1"}
LOADERS = {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
# Debian's python:*-slim images hold them: apt needs the compiler's two, Python zlib
SLIM_IMAGE = GLIBC | LOADERS | {"libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"}
DEBIAN_PACKAGE = {"libgomp.so.1": "libgomp1"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the images are Linux")


def locked(*extras: str) -> set[str]:
    """The packages that an image installs."""
    command = [
        str(BIN / "uv"),
        "export",
        "--frozen",
        "--no-dev",
        "--no-emit-project",
        "--no-hashes",
        "--quiet",
        *extras,
    ]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    found = (Requirement(line) for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return {each.name for each in found if each.marker is None or each.marker.evaluate()}


def with_dependencies(names: Iterable[str]) -> set[str]:
    """The packages that pip installs for some."""
    waiting, found = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            requirements = map(Requirement, importlib.metadata.requires(name) or ())
            waiting += [each.name for each in requirements if not each.marker or each.marker.evaluate({"extra": ""})]
    return found


def binaries(package: str) -> Iterator[Path]:
    """Its shared libraries and programs."""
    distribution = importlib.metadata.distribution(package)
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if path.is_file() and (".so" in path.name or os.access(path, os.X_OK)):
            with path.open("rb") as binary:
                if binary.read(4) == b"\x7fELF":
                    yield path


def needed_by(path: Path) -> set[str]:
    """The libraries that the loader looks for."""
    with path.open("rb") as binary:
        segments: Iterable[Any] = ELFFile(binary).iter_segments("PT_DYNAMIC")
        return {tag.needed for segment in segments for tag in segment.iter_tags("DT_NEEDED")}


def left_to_the_system(packages: Iterable[str]) -> set[str]:
    """What none of the packages brings."""
    paths = [path for package in packages for path in binaries(package)]
    assert len(paths) > 10
    return set[str]().union(*map(needed_by, paths)) - {path.name for path in paths}


def apt_packages(stage: str) -> set[str]:
    """What a stage of the Dockerfile installs itself."""
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    (body,) = re.findall(rf"^FROM \S+ AS {stage}\n(.*?)(?=^FROM |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    words = " ".join(re.findall(r"apt-get install ([^&\n]*)", body)).split()
    return {word.partition("=")[0] for word in words if not word.startswith("-")}


@pytest.mark.parametrize(
    ("stage", "extras"),
    [
        ("serving", ["--extra", "plans"]),
        ("pipeline", ["--extra", "pipeline", "--extra", "bento", "--extra", "tracing"]),
    ],
)
def test_an_image_has_every_library_that_its_wheels_leave_to_the_system(stage: str, extras: list[str]) -> None:
    missing = left_to_the_system(locked(*extras)) - SLIM_IMAGE
    assert missing <= DEBIAN_PACKAGE.keys(), "name the Debian package here, and install it in the Dockerfile"
    assert {DEBIAN_PACKAGE[each] for each in missing} == apt_packages(stage)


def test_a_bentos_own_image_needs_no_package_of_the_system() -> None:
    assert left_to_the_system(with_dependencies(BENTO_REQUIREMENTS)) <= SLIM_IMAGE


def test_setup_tells_in_a_sentence_which_library_a_machine_lacks(tmp_path: Path) -> None:
    (tmp_path / "libgomp.so.1").touch()  # found before the system's, and no library
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    make = [shutil.which("make") or "make", "--no-print-directory", "--assume-old=.venv/.synced", "setup"]
    ended = subprocess.run(make, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert ended.stdout.startswith("libgomp.so.1 is needed by LightGBM and cannot be loaded: install it, with apt-get")
    assert "Traceback" not in ended.stderr
