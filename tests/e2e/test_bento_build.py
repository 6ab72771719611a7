"""Building a Bento: the same model is the same Bento, and it holds what it needs and no more."""

import dataclasses
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from bento.build import build_bento
from feature_service.bundle import BundleError
from tests.support.bentos import MODEL
from tests.support.training_fixtures import Trained


def test_building_again_changes_nothing(bento_home: Path, trained: Trained) -> None:
    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in bento_home.rglob("*") if path.name != "latest"}

    before, latest = files(), (bento_home / "bentos/stockout_risk/latest").read_text()
    assert build_bento(trained.bundle_dir, MODEL, bento_home) == f"stockout_risk:{latest}"
    assert {path: at for path, at in files().items() if Path(path).is_file()}.items() <= before.items()
    assert not list(bento_home.glob("unfinished*"))


def test_another_model_version_is_another_bento_and_the_last_built_is_the_latest(
    bento_home: Path, trained: Trained, tmp_path: Path
) -> None:
    shutil.copytree(bento_home, tmp_path, dirs_exist_ok=True)
    newer = build_bento(trained.bundle_dir, dataclasses.replace(MODEL, version="4"), tmp_path)
    latest = tmp_path / "bentos" / "stockout_risk" / "latest"
    assert newer == f"stockout_risk:{latest.read_text()}"
    older = build_bento(trained.bundle_dir, MODEL, tmp_path)
    assert older == f"stockout_risk:{latest.read_text()}" != newer


BUILD = """
import sys
from pathlib import Path
from bento.build import build_bento
from data.snapshots import ModelReference
print(build_bento(Path(sys.argv[1]), ModelReference("stockout_risk", sys.argv[3], "0"), Path(sys.argv[2])))
"""


def start_build(trained: Trained, home: Path, version: str) -> subprocess.Popen[str]:
    """With a home that is a relative path, as BENTOML_HOME may be."""
    command = [sys.executable, "-c", BUILD, str(trained.bundle_dir), home.name, version]
    return subprocess.Popen(command, cwd=home.parent, stdout=subprocess.PIPE, text=True)


def test_builds_of_several_processes_in_one_store_all_end_well(trained: Trained, tmp_path: Path) -> None:
    builds = [start_build(trained, tmp_path, version) for version in ("1", "2", "1")]
    tags = [build.communicate()[0].strip() for build in builds]
    assert [build.returncode for build in builds] == [0, 0, 0]
    assert tags[0] == tags[2] != tags[1]
    bentos = tmp_path / "bentos" / "stockout_risk"
    assert sorted(path.name for path in bentos.iterdir() if path.is_dir()) == sorted(
        tag.partition(":")[2] for tag in set(tags)
    )
    assert not list(tmp_path.glob("unfinished*"))


def test_a_build_that_was_killed_does_not_stand_in_the_way_of_the_next(trained: Trained, tmp_path: Path) -> None:
    killed = start_build(trained, tmp_path, "1")
    until_copied = Retrying(
        retry=retry_if_result(lambda found: not found), stop=stop_after_delay(120), wait=wait_fixed(0.01)
    )
    until_copied(lambda: list(tmp_path.glob("unfinished-*/source/bentofile.yaml")))
    killed.kill()
    killed.communicate()
    following = start_build(trained, tmp_path, "1")
    assert following.communicate()[0].startswith("stockout_risk:1-")
    assert following.returncode == 0


def test_a_broken_bundle_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        build_bento(tmp_path / "nothing", MODEL, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_the_bento_holds_every_module_that_its_service_imports_and_nothing_of_training(bento_home: Path) -> None:
    (source,) = (bento_home / "bentos" / "stockout_risk").glob("*/src")
    # -S leaves out the project's own installation, so only the Bento's copies can be found
    program = (
        "import sys; import bento.service; from pathlib import Path;"
        "ours = [m for m in list(sys.modules.values()) if m.__name__.split('.')[0] in "
        "('bento', 'training', 'feature_service', 'stockout')];"
        "assert all(Path(m.__file__).is_relative_to(sys.argv[1]) for m in ours if m.__file__), ours;"
        "print(sorted({'mlflow', 'sklearn', 'luigi', 'pandas', 'skl2onnx'} & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), sysconfig.get_paths()["purelib"]])}
    completed = subprocess.run(
        [sys.executable, "-S", "-c", program, str(source)],
        cwd=bento_home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.strip() == "[]"


def test_its_container_does_not_run_as_root(bento_home: Path) -> None:
    (dockerfile,) = (bento_home / "bentos" / "stockout_risk").glob("*/env/docker/Dockerfile")
    users = [line for line in dockerfile.read_text().splitlines() if line.startswith("USER ")]
    assert users[-1] == "USER bentoml"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "Expecting property name"),
        ('{"name": "stockout_risk", "version": 3, "run_id": "a"}', "version must be text"),
    ],
)
def test_a_damaged_reference_to_the_model_is_told_in_one_sentence(
    bento_home: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    (source,) = (bento_home / "bentos" / "stockout_risk").glob("*/src")
    shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "bento" / "model" / "reference.json"
    file.write_text(text)
    program = "from bento.service import StockoutRisk; StockoutRisk()"
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, capture_output=True, text=True)
    told = ended.stderr.splitlines()[-1]
    assert f"{file} cannot be read: {sentence}" in told
    assert "build the Bento anew" in told
