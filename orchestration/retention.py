"""What of a work dir was last used longer ago than its retention, and is needed by nothing.

Never among it: the history, the registry with its models, the ledger, what is served and what was published before it,
what the newest run of each question left (a rollback publishes with it), and of the snapshots those without which a
past week would be answered by another model, with a Bento of each one's model.
"""

import datetime as dt
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.snapshots import MANIFEST, current_id, is_published
from data.snapshots.published_models import PublishedModel, model_of_week, published_models
from orchestration.console import log
from orchestration.published_runs import newest_runs

_GONE = ".pruned-"
_WEEK_S = 7 * 24 * 3600

# the hyphens leave out what is of no run: backtest/kept, backtest/predictions.parquet, quarantine/load.parquet
_OF_RUNS = (
    *("ingest/*", "quarantine/*-*", "panel/*/*", "features/*", "backtest/*-*", "models/*"),
    *("scored/*/*/*", "drift/*/*-drift-*"),
)
_KEPT_PREDICTIONS, _BENTOS = "backtest/kept/*", "bentoml/bentos/*/*"
_DRAFTS = ("*/.*.partial", "*/*/.*.partial", "*/*/*/.*.partial", "snapshots/.draft-*", "snapshots/*/.draft-*")
_PARENTS = ("panel/*", "scored/*/*", "scored/*")
_HALF_GONE = tuple(f"{folders}{_GONE}*" for folders in ("*/", "*/*/", "*/*/*/"))


@dataclass(frozen=True)
class Leftover:
    """Something to take away.

    Attributes:
        path: A file or a folder.
        size_bytes: Of all that it holds.
    """

    path: Path
    size_bytes: int


def leftovers(work_dir: Path, keep_weeks: int) -> list[Leftover]:
    """What to take away; to be called while no run is at work, so that every draft is one of a run that died."""
    until = time.time() - keep_weeks * _WEEK_S
    needed = _needed(work_dir)
    of_runs = () if _published_before(work_dir) else _OF_RUNS
    found = set(_matching(work_dir, (*_DRAFTS, *_HALF_GONE)))
    for path in _matching(work_dir, (*of_runs, _KEPT_PREDICTIONS, _BENTOS)):
        if not path.name.startswith(".") and path not in needed and _last_used(path) < until:
            found.add(path)
    for root in _snapshot_roots(work_dir):
        found |= {each.folder for each in _unneeded(root, until)}
    return [Leftover(path, _size(path)) for path in sorted(found)]


def take_away(path: Path) -> None:
    """Remove a file or a folder: it is gone at once, though what it holds may take a while."""
    gone = path
    if not path.name.startswith(_GONE):
        gone = path.with_name(f"{_GONE}{path.name}")
        _remove(gone)
        path.rename(gone)
    _remove(gone)
    path.with_name(f".{path.name}.lock").unlink(missing_ok=True)  # no run is at work, so nobody waits for it


def sweep(work_dir: Path) -> None:
    """Remove the folders of weeks and panels that nothing is left in."""
    for folder in _matching(work_dir, _PARENTS):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _published_before(work_dir: Path) -> bool:
    """Whether a question's newest run is of a program that did not write down yet what it rests on."""
    before = [run.question for run in newest_runs(work_dir) if not run.folders]
    for question in before:
        log.info("prune     leaves all runs until a newer one of %s is published: its folders are not known", question)
    return bool(before)


def _needed(work_dir: Path) -> set[Path]:
    needed = {work_dir / folder for run in newest_runs(work_dir) for folder in run.folders}
    needed |= {work_dir / "quarantine" / f"{ingest.name}.parquet" for ingest in work_dir.glob("ingest/*")}
    bentos = work_dir / "bentoml" / "bentos"
    for tag in work_dir.glob("models/*/packaged/*/bento_tag"):
        model, _, version = tag.read_text(encoding="utf-8").strip().partition(":")
        needed.add(bentos / model / version)
    for latest in bentos.glob("*/latest"):
        others = sorted(latest.parent.glob("*/"), key=lambda bento: bento.stat().st_mtime_ns)
        served = latest.with_name(latest.read_text(encoding="utf-8").strip())
        needed |= {latest, served, *[bento for bento in others if bento != served][-1:]}
    for each in (each for root in _snapshot_roots(work_dir) for each in published_models(root)):
        of_version = bentos.joinpath(each.model.name).glob(f"{each.model.version}-*")  # a running Bento looks for one
        needed |= set(sorted(of_version, key=lambda bento: bento.stat().st_mtime_ns)[-1:])
    return needed


def _snapshot_roots(work_dir: Path) -> list[Path]:
    root = work_dir / "snapshots"
    of_questions = (path for path in root.glob("[!.]*") if path.is_dir() and not (path / MANIFEST).exists())
    return [each for each in (root, *of_questions) if is_published(each)]


def _unneeded(root: Path, until: float) -> list[PublishedModel]:
    """Old snapshots of one question without which each past week would still be answered by the same model."""
    left, served = published_models(root), current_id(root)
    weeks = sorted({each.as_of_week for each in left})
    before = [each for each in left if each.folder.name != served][-1:]  # what a server falls back on
    unneeded: list[PublishedModel] = []
    for each in list(left):
        if each.published_at.timestamp() >= until or each.folder.name == served or each in before:
            continue
        without = [other for other in left if other is not each]
        if all(_answers(without, week) == _answers(left, week) for week in weeks):
            left, unneeded = without, [*unneeded, each]
    return unneeded


def _answers(models: list[PublishedModel], week: dt.date) -> object:
    found = model_of_week(models, week)
    return None if found is None else (found.model, found.alerts)


def _matching(work_dir: Path, patterns: Iterable[str]) -> list[Path]:
    return [path for pattern in patterns for path in work_dir.glob(pattern)]


def _last_used(path: Path) -> float:
    """Of a folder or one in it; a run sets the times of the folders that it rests on."""
    folders = [each for each in path.rglob("*") if each.is_dir()] if path.is_dir() else []
    return max(each.stat().st_mtime for each in [path, *folders])


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
