"""A small file that stands for a huge one is refused in a sentence, within a bounded memory."""

import gzip
import io
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest

from data.errors import InputTooLargeError
from data.ingest import content
from data.ingest.contracts import SALES
from data.ingest.read import read_table

HEADER = b"product_id,sold_at,quantity,unit_price\n"
ROW = b"a,2024-01-01,1,5\n"

MEBIBYTE = 1 << 20

# Reads the file with no more address space than it is told, as an operating system with little memory would allow.
READER = """
import resource, sys
from pathlib import Path
from data.errors import DataError
from data.ingest import content
from data.ingest.contracts import SALES
from data.ingest.read import read_table
content.LARGEST_CONTENT_BYTES = int(sys.argv[2])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[3]),) * 2)
try:
    read_table(Path(sys.argv[1]), SALES)
except DataError as error:
    print(error)
"""


def write_bomb(path: Path, size: int) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(HEADER)
        for _ in range(size // (len(ROW) * 10_000) + 1):
            file.write(ROW * 10_000)


def test_a_compressed_file_is_decompressed_only_as_far_as_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.gz"
    write_bomb(path, 1024 * MEBIBYTE)
    limit, memory = 16 * MEBIBYTE, 256 * MEBIBYTE
    command = [sys.executable, "-c", textwrap.dedent(READER), str(path), str(limit), str(memory)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert path.stat().st_size < limit
    assert "sales.csv.gz holds more than 0.015625 GiB, uncompressed" in done.stdout
    assert done.stdout.count("\n") == 1
    assert not done.stderr


def test_the_limit_holds_for_a_plain_file_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    with path.open("wb") as file:
        file.truncate(content.LARGEST_CONTENT_BYTES + 1)  # a hole: takes no disk
    with pytest.raises(InputTooLargeError, match="holds more than 2 GiB"):
        read_table(path, SALES)


@pytest.mark.parametrize("row", [ROW, b"\n", b",,,\n"])
def test_rows_and_columns_are_limited_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: bytes) -> None:
    monkeypatch.setattr(content, "LARGEST_TABLE_CELLS", 1_000)
    path = tmp_path / "sales.csv"
    path.write_bytes(HEADER + row * 1_001)
    with pytest.raises(InputTooLargeError, match=r"more than 1,000 cells \(rows x columns\)"):
        read_table(path, SALES)


def test_a_parquet_file_of_many_equal_rows_is_refused_by_what_it_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "LARGEST_TABLE_CELLS", 1_000_000)
    path = tmp_path / "sales.parquet"
    rows = 250_001
    same = {"product_id": "a", "sold_at": "2024-01-01", "quantity": "1", "unit_price": "5"}
    pl.select(pl.lit(value).repeat_by(rows).explode().alias(name) for name, value in same.items()).write_parquet(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputTooLargeError, match="1,000,000 cells"):
        read_table(path, SALES)


def test_a_parquet_file_that_declares_too_many_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = io.BytesIO()
    pl.DataFrame({"product_id": [f"{'x' * 100}{number}" for number in range(10_000)]}).write_parquet(whole)
    path = tmp_path / "sales.parquet"
    path.write_bytes(whole.getvalue())
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(content, "LARGEST_CONTENT_BYTES", 500_000)
    with pytest.raises(InputTooLargeError):
        read_table(path, SALES)


def test_members_of_a_compressed_file_are_read_one_after_another(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.gz"
    path.write_bytes(gzip.compress(HEADER + ROW) + gzip.compress(ROW))
    assert read_table(path, SALES).height == 2
