"""What is kept under a fingerprint is what the fingerprint names, whoever writes to the files meanwhile."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.errors import ChangedInputError
from data.ingest.content import read_content
from data.ingest.contracts import GENERIC
from data.ingest.fingerprint import fingerprint
from data.ingest.generic import ingest_generic
from data.ingest.inputs import find_inputs
from tests.support.generic import Row, write_generic

SALES: list[Row] = [(f"p{number % 20}", "2024-01-01", number, 5) for number in range(1, 1_001)]

# Puts one version of a file after another in its place, for ever; a line when it has begun.
WRITER = """
import itertools, pathlib, sys
path, *versions = map(pathlib.Path, sys.argv[1:])
contents = [version.read_bytes() for version in versions]
for number in itertools.count():
    draft = path.with_name("draft")
    draft.write_bytes(contents[number % len(contents)])
    draft.replace(path)
    if number == 1:
        print(flush=True)
"""


def fingerprint_of_folder(folder: Path) -> str:
    return fingerprint([*find_inputs(folder, GENERIC).values(), *folder.glob("columns.toml")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_generic(tmp_path / "in", sales=SALES, products=[("p1", "toys")])
    (folder / "columns.toml").write_text('[sales]\nquantity = "quantity"\n')
    return folder


def refuse(folder: Path, expected: str) -> str:
    quarantine_file = folder.parent / "quarantine.parquet"
    with pytest.raises(ChangedInputError) as caught:
        ingest_generic(folder, quarantine_file=quarantine_file, fingerprint=expected)
    assert not quarantine_file.exists()
    return str(caught.value)


def test_files_whose_fingerprint_is_right_are_read(folder: Path) -> None:
    read = ingest_generic(folder, quarantine_file=folder / "q", fingerprint=fingerprint_of_folder(folder))
    assert read.report.items_used == len(SALES)


@pytest.mark.parametrize("name", ["sales.csv", "products.csv", "columns.toml"])
@pytest.mark.parametrize("change", ["truncated", "appended to", "replaced", "removed", "same size and time"])
def test_a_file_that_changed_since_its_fingerprint_was_taken_is_refused(folder: Path, name: str, change: str) -> None:
    expected = fingerprint_of_folder(folder)
    path = folder / name
    before, content = path.stat(), path.read_text()
    match change:
        case "truncated":
            path.write_text(content[: content.rindex("\n")])
        case "appended to":
            path.write_text(content + ("# more\n" if name == "columns.toml" else content.splitlines()[-1] + "\n"))
        case "replaced":
            (folder / "new").write_text(content + "\n")
            (folder / "new").replace(path)
        case "removed" if name == "sales.csv":
            path.rename(folder / "old")
            (folder / "columns.toml").unlink()
            write_generic(folder, inventory=[("p1", "2024-01-01", 9), ("p1", "2024-01-02", 7)])
        case "removed":
            path.unlink()
        case _:
            path.write_text(content.replace("p1", "q1").replace('"quantity"\n', '"quantity" '))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert path.stat().st_size == before.st_size

    assert "changed while it was read; run again" in refuse(folder, expected)


def test_an_added_table_is_a_change(folder: Path) -> None:
    expected = fingerprint_of_folder(folder)
    write_generic(folder, lead_times=[("p1", 7)])
    assert str(folder) in refuse(folder, expected)


@pytest.fixture
def product_of(folder: Path) -> Iterator[dict[str, str]]:
    """The product that each version names, by the version's fingerprint, while they take turns as ``sales.csv``."""
    products, versions = {}, []
    (folder / "columns.toml").unlink()
    for product in ("first", "second", "third"):
        write_generic(folder, sales=[(product, "2024-01-01", 1, 5)] * 1_000)
        products[fingerprint_of_folder(folder)] = product
        versions.append((folder / "sales.csv").rename(folder / f"{product}.version"))
    command = [sys.executable, "-c", WRITER, str(folder / "sales.csv"), *map(str, versions)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        yield products
        writer.kill()


def test_while_another_process_replaces_a_file_only_what_the_fingerprint_names_is_read(
    folder: Path, product_of: dict[str, str]
) -> None:
    kept = refused = 0
    while not (kept and refused >= 3):  # a broken guard ends this by the assertion below
        expected = fingerprint_of_folder(folder)
        try:
            read = ingest_generic(folder, quarantine_file=folder / "q", fingerprint=expected)
        except ChangedInputError:
            refused += 1
        else:
            kept += 1
            assert read.sales["product_id"].unique().to_list() == [product_of[expected]]


def test_a_file_that_grows_under_the_reader_is_refused(tmp_path: Path) -> None:
    """The kernel reports a size of 0 for a file of /proc, and then gives bytes: what a writer's append looks like."""
    path = Path("/proc/self/status")
    with pytest.raises(ChangedInputError, match="changed while it was read; run again"):
        read_content(path)
