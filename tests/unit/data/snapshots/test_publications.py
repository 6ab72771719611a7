"""Publishing the same snapshot again: the folder is the same, and the log knows better."""

import dataclasses
import datetime as dt
import json
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from data.snapshots import MANIFEST, ModelReference, current_id, load, point_at, publish
from data.snapshots.publications import Publication, log_publication, publications
from data.snapshots.published_models import model_of_week, published_models
from data.snapshots.snapshot import LOG
from tests.support.snapshots import AS_OF_WEEK, MODEL, synthetic_panel

PANEL = synthetic_panel(products=3)
A, B = MODEL, dataclasses.replace(MODEL, version="8")


def publish_model(model: ModelReference, folder: Path) -> str:
    (folder / "bundle").mkdir(exist_ok=True)
    eligible = np.ones((len(PANEL.product_ids), len(PANEL.weeks)), dtype=np.bool_)
    return publish(PANEL, eligible, folder / "bundle", model, folder / "snapshots")


def date_back(root: Path, snapshot_id: str) -> None:
    """As if it had been published first long ago."""
    path = root / snapshot_id / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "published_at": "2018-08-27T00:00:00+00:00"}), encoding="utf-8")


def model_now(root: Path) -> ModelReference:
    found = model_of_week(published_models(root), AS_OF_WEEK)
    assert found is not None
    return found.model


def test_a_model_that_is_published_again_answers_for_its_week_again(tmp_path: Path) -> None:
    root = tmp_path / "snapshots"
    for model in (A, B, A):
        publish_model(model, tmp_path)
        assert model_now(root) == model


def test_a_snapshot_is_as_old_as_its_last_publication(tmp_path: Path) -> None:
    root = tmp_path / "snapshots"
    first = publish_model(A, tmp_path)
    date_back(root, first)
    publish_model(B, tmp_path)
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    assert publish_model(A, tmp_path) == first
    assert load(root, first).published_at >= before


def test_a_folder_of_before_without_a_log_goes_by_its_manifests(tmp_path: Path) -> None:
    root = tmp_path / "snapshots"
    date_back(root, publish_model(A, tmp_path))
    publish_model(B, tmp_path)
    (root / LOG).unlink()
    assert model_now(root) == B
    publish_model(A, tmp_path)
    assert model_now(root) == A


def killed_before_the_pointer_moves(folder: Path) -> None:
    def kill(publication: Publication, root: Path) -> None:
        log_publication(publication, root)
        os.kill(os.getpid(), signal.SIGKILL)

    pytest.MonkeyPatch().setattr("data.snapshots.write.log_publication", kill)
    publish_model(B, folder)


def test_a_publisher_that_is_killed_before_the_pointer_moves_has_published_nothing(tmp_path: Path) -> None:
    root = tmp_path / "snapshots"
    first = publish_model(A, tmp_path)
    killed = multiprocessing.get_context("spawn").Process(target=killed_before_the_pointer_moves, args=(tmp_path,))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert len((root / LOG).read_text().splitlines()) == 2
    assert [each.id for each in publications(root)] == [first]
    second = publish_model(B, tmp_path)
    assert [each.id for each in publications(root)] == [first, second, second]


def point_often(root: Path, snapshot_id: str) -> None:
    for _ in range(30):
        point_at(snapshot_id, root)


def test_the_log_and_the_pointer_agree_whoever_publishes_last(tmp_path: Path) -> None:
    root = tmp_path / "snapshots"
    ids = [publish_model(model, tmp_path) for model in (A, B)]
    context = multiprocessing.get_context("spawn")
    publishers = [context.Process(target=point_often, args=(root, each)) for each in ids]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join()
    assert [publisher.exitcode for publisher in publishers] == [0, 0]
    logged = publications(root)
    assert len(logged) == 62
    assert logged[-1].id == current_id(root)


@pytest.mark.parametrize("damage", [b"{not json\n", b"\xff\n", b'{"id": 3}\n'])
def test_a_damaged_log_does_not_keep_a_snapshot_from_being_served(tmp_path: Path, damage: bytes) -> None:
    root = tmp_path / "snapshots"
    published = publish_model(A, tmp_path)
    with (root / LOG).open("ab") as file:
        file.write(damage)
    assert load(root, published).id == published
    assert model_now(root) == A
