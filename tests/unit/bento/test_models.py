"""Finding a registered model among the Bentos of a store, and keeping it loaded."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from bento.errors import ModelNotFoundError
from bento.models import MAX_KEPT, Model, ModelId, Models, find_model
from feature_service.bundle import MODEL_FILE, Contract
from tests.support.snapshots import fitted_forest, synthetic_panel, write_bundle


@pytest.fixture(scope="module")
def bundle_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(folder, fitted_forest(synthetic_panel(products=20), trees=3, depth=2))
    return folder


def put(bentos: Path, tag: str, bundle_dir: Path, *, age_s: int = 0, label: str = "zero_sales") -> Path:
    """A Bento that holds the version its tag begins with; gives the folder of its model."""
    folder = bentos / tag / "src" / "bento" / "model"
    shutil.copytree(bundle_dir, folder)
    contract = json.loads((folder / "contract.json").read_text())
    contract["label"]["name"] = label
    (folder / "contract.json").write_text(json.dumps(contract))
    reference = folder / "reference.json"
    reference.write_text(json.dumps({"name": bentos.name, "version": tag.partition("-")[0], "run_id": "0"}))
    os.utime(reference, (1e9 - age_s, 1e9 - age_s))
    return folder


def contract_of(version: str, bentos: Path) -> Contract:
    return find_model(ModelId("stockout_risk", version), bentos).bundle.contract


@pytest.fixture
def bentos(tmp_path: Path) -> Path:
    return tmp_path / "stockout_risk"


def test_of_bentos_that_hold_a_version_the_one_that_was_built_last_is_taken(bentos: Path, bundle_dir: Path) -> None:
    put(bentos, "2-a", bundle_dir, age_s=10, label="old")
    put(bentos, "2-b", bundle_dir, age_s=5, label="young")
    put(bentos, "3-c", bundle_dir, label="other")
    assert contract_of("2", bentos).label.name == "young"
    (bentos / "latest").write_text("2-a")  # to build again what is there makes it the latest
    assert contract_of("2", bentos).label.name == "old"


def test_a_damaged_bento_is_passed_over_for_a_whole_one_of_the_same_version(bentos: Path, bundle_dir: Path) -> None:
    put(bentos, "2-a", bundle_dir, age_s=10, label="whole")
    (put(bentos, "2-b", bundle_dir) / MODEL_FILE).write_bytes(b"no model")
    (put(bentos, "2-c", bundle_dir) / "reference.json").write_text("{")
    assert contract_of("2", bentos).label.name == "whole"


@pytest.mark.parametrize(
    ("damaged", "why"),
    [
        ("", "gives it: let the pipeline build it"),
        (MODEL_FILE, "model.onnx is no model that ONNX Runtime can run"),
        ("reference.json", "reference.json cannot be read"),
    ],
)
def test_a_version_that_no_bento_gives_is_told_with_what_is_wrong(
    bentos: Path, bundle_dir: Path, damaged: str, why: str
) -> None:
    put(bentos, "1-a", bundle_dir)
    if damaged:
        (put(bentos, "2-b", bundle_dir) / damaged).write_bytes(b"?")
    with pytest.raises(ModelNotFoundError) as refused:
        contract_of("2", bentos)
    assert f"answers with stockout_risk version 2, and no Bento in {bentos} gives it" in str(refused.value)
    assert why in str(refused.value)


def test_a_bento_outside_of_a_store_finds_no_other(tmp_path: Path, bundle_dir: Path) -> None:
    """As in BentoML's container: ``/home/bentoml/bento``."""
    own = put(tmp_path / "stockout_risk", "2-a", bundle_dir)
    alone = tmp_path / "home" / "bentoml" / "bento"
    shutil.copytree(own.parents[2], alone)
    assert contract_of("2", alone.parent)
    with pytest.raises(ModelNotFoundError):
        contract_of("3", alone.parent)


def test_a_model_that_many_requests_want_is_loaded_once_and_found_when_its_bento_comes(
    bentos: Path, bundle_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bento.models.RETRY_S", 0.01)
    own = Model.load(put(bentos, "1-a", bundle_dir))

    async def wanted() -> None:
        models, second = Models(own, bentos), ModelId("stockout_risk", "2")
        refused = await asyncio.gather(*(models.get(second) for _ in range(20)), return_exceptions=True)
        assert len(set(map(id, refused))) == 1
        assert isinstance(refused[0], ModelNotFoundError)
        put(bentos, "2-b", bundle_dir)
        found: list[Model] = []
        while not found:
            answers = await asyncio.gather(*(models.get(second) for _ in range(20)), return_exceptions=True)
            found = [each for each in answers if isinstance(each, Model)]
            await asyncio.sleep(0)
        assert len(set(map(id, found))) == 1
        assert await models.get(own.id) is own

    asyncio.run(wanted())


def test_a_model_that_was_used_last_is_kept_and_the_others_are_given_up(bentos: Path, bundle_dir: Path) -> None:
    own = Model.load(put(bentos, "1-a", bundle_dir))
    ids = [ModelId("stockout_risk", str(version)) for version in range(2, MAX_KEPT + 2)]
    for each in ids:
        put(bentos, f"{each.version}-a", bundle_dir)

    async def used() -> None:
        models = Models(own, bentos)
        first = await models.get(ids[0])
        for each in ids[1:]:
            assert await models.get(ids[0]) is first
            await models.get(each)
        assert await models.get(own.id) is not own

    asyncio.run(used())
