"""Real files that the ingest and the panel read, damaged in rounds: ``python -m tests.support.damaged_files``.

Prints how many rounds ended in a sentence, how many in an answer, and the most memory that was used, in bytes. Ends
with a traceback, and leaves the damaged file where it is, when a round ended otherwise.
"""

import datetime as dt
import gzip
import hashlib
import json
import random
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory, read_history, write_history
from data.panel.build import build_panel
from data.panel.file import read_panel, write_panel
from feature_service.kernel import StockoutError
from tests.support.damaged_served_files import SERVED, Reader
from tests.support.damaged_training_files import TRAINED
from tests.support.generic import write_generic

AS_OF_WEEK = dt.date(2024, 1, 1)
DEEP = "[" * 100_000 + "]" * 100_000
JSON_VALUES = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1", "0", "1" * 5_000, "1e308", "9223372036854775808", "null", "true"),
    *('""', '"x"', "[]", "{}", "[NaN]", '{"a": 1}', '"\\ud800"', '"\\u0000"', '"0001-01-01"', '"9999-12-31"', DEEP),
]
SHAPES: list[tuple[int, ...]] = [(10**12,), (2**62, 2), (-1,), (10**6, 10**6), (0,), ()]
KINDS = ["<f4", ">f4", "<f8", "<U4", "|b1", "<M8[D]", "|O"]


def damage(content: bytes, name: str, rng: random.Random) -> bytes:
    """The content of a file, no longer what it was."""
    ways: list[Callable[[bytes, random.Random], bytes]] = [_cut, _change, _double, _remove, _arbitrary]
    special = {".json": _replace_json, ".npy": _claim_array}.get(Path(name).suffix)
    ways += [special] * 3 if special else []
    return rng.choice(ways)(content, rng)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def _change(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 3, 20])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _double(content: bytes, rng: random.Random) -> bytes:
    (start, end), place = sorted(rng.choices(range(len(content)), k=2)), rng.randrange(len(content))
    return content[:place] + content[start:end] + content[place:]


def _remove(content: bytes, rng: random.Random) -> bytes:
    start, end = sorted(rng.choices(range(len(content)), k=2))
    return content[:start] + content[end:]


def _arbitrary(_: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice([0, 1, 10, 1_000]))


def _replace_json(content: bytes, rng: random.Random) -> bytes:
    document = json.loads(content)
    places: list[tuple[Any, Any]] = []
    level: list[Any] = [document]
    while level:
        value = level.pop()
        inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        places += [(value, key) for key, _ in inner]
        level += [each for _, each in inner if isinstance(each, dict | list)]
    holder, key = rng.choice(places)
    holder[key] = "the value"
    return json.dumps(document).replace('"the value"', rng.choice(JSON_VALUES)).encode()


def _claim_array(_: bytes, rng: random.Random) -> bytes:
    header = {"descr": rng.choice(KINDS), "fortran_order": False, "shape": rng.choice(SHAPES)}
    text = f"{header}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(100)


def _history(folder: Path) -> CleanHistory:
    sales = [("a", "2024-01-01", 2, 5), ("b", "2024-01-02 10:00", 1, 5.5), ("1.0", "2024-01-03T00:00:00Z", 3, "")]
    write_generic(
        folder,
        sales=sales,
        inventory=[("a", "2024-01-01", 7), ("b", "2024-01-02", 3)],
        availability=[("a", "2024-01-01", 1), ("b", "2024-01-01", "no")],
        products=[("a", "toys"), ("b", "x")],
        lead_times=[("a", 10), ("b", 3)],
        purchase_orders=[("a", "2024-01-01", 6, "", "2024-01-04", 5, "x"), ("b", "2024-01-01", 6, "", "", "", "")],
    )
    (folder / "columns.toml").write_text('[sales]\nproduct_id = "product_id"\n')
    return _ingest(folder)


def _ingest(folder: Path) -> CleanHistory:
    return ingest_generic(folder, quarantine_file=folder / "out" / "quarantine.parquet", max_bad_share=1)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _csv(folder: Path) -> Reader:
    _history(folder)
    return _files(folder), lambda: _ingest(folder)


def _compressed_csv(folder: Path) -> Reader:
    _history(folder)
    for path in folder.glob("*.csv"):
        path.with_suffix(".csv.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return _files(folder), lambda: _ingest(folder)


def _parquet(folder: Path) -> Reader:
    folder.mkdir()
    ids = [f"p{number % 7}" for number in range(300)]
    day = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    sales = pl.DataFrame({"product_id": ids, "sold_at": day, "quantity": [1.0] * 300, "unit_price": 1.5})
    sales.write_parquet(folder / "sales.parquet", row_group_size=100)
    counts = {"product_id": [1.0, 2.0], "counted_on": day.date(), "units_on_hand": [3, 4]}
    pl.DataFrame(counts).write_parquet(folder / "inventory.parquet", compression="snappy")
    return _files(folder), lambda: _ingest(folder)


def _stored_history(folder: Path) -> Reader:
    write_history(_history(folder / "in"), folder)
    return _files(folder), lambda: build_panel(read_history(folder), as_of_week=AS_OF_WEEK)


def _panel(folder: Path) -> Reader:
    history = _history(folder)
    written = folder / "panel"
    write_panel(build_panel(history, as_of_week=AS_OF_WEEK), written)
    return _files(written), lambda: read_panel(written)


def _signed_panel(folder: Path) -> Reader:
    """Damaged files of a panel under checksums that are right, so that more than these has to hold."""
    files, _ = _panel(folder)
    index = folder / "panel" / "panel.json"
    signed = json.loads(index.read_text(encoding="utf-8"))

    def read() -> object:
        digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        index.write_text(json.dumps(signed | {"sha256": digests}), encoding="utf-8")
        return read_panel(folder / "panel")

    return [path for path in files if path != index], read


READERS: dict[str, Callable[[Path], Reader]] = {
    "csv": _csv,
    "compressed csv": _compressed_csv,
    "parquet": _parquet,
    "stored history": _stored_history,
    "panel": _panel,
    "signed panel": _signed_panel,
    **SERVED,
    **TRAINED,
}


def peak_bytes() -> int:
    """Of this process alone, unlike ``ru_maxrss``; what it had when it was forked counts."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main(reader: str, folder: Path, rounds: int, memory_bytes: int) -> None:
    """Damage and read; the files are whole again before each round."""
    files, read = READERS[reader](folder / "files")
    read()
    whole = {path: path.read_bytes() for path in files}
    rng, refused = random.Random(reader), 0
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    for _ in range(rounds):
        path = rng.choice(files)
        path.write_bytes(damage(whole[path], path.name, rng))
        try:
            read()
        except StockoutError as error:
            refused += 1
            if "\n" in str(error) or len(str(error)) > 1_000:
                raise AssertionError("that is no sentence") from error
        path.write_bytes(whole[path])
    print(refused, rounds - refused, peak_bytes())  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
