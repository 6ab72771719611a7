import ast
import subprocess
import sys
from pathlib import Path

import pytest

import feature_service
from feature_service import client, kernel, server

TOO_MUCH = ("mlflow", "luigi", "sklearn", "bentoml", "pandas", "polars", "skops", "joblib", "cloudpickle", "dill")
PACKAGES = (kernel, server, client)
SERVED_FROM = ["data/panel.py", "data/snapshot.py", "data/weeks.py", "training/bundle.py"]
ROOT = Path(feature_service.__file__).parent.parent


@pytest.mark.parametrize("module", ["feature_service.server.__main__", "feature_service.client.__main__"])
def test_importing_the_server_or_the_client_pulls_in_nothing_of_training(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in {TOO_MUCH!r} if name in sys.modules))"
    seen = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert seen.stdout.split() == []


def test_the_client_does_not_bring_the_library_that_enforces_the_rules() -> None:
    code = "import sys, feature_service.client.__main__; print('protovalidate' in sys.modules)"
    seen = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert seen.stdout.strip() == "False"


def test_no_module_on_the_serving_side_imports_a_pickle_reader() -> None:
    files = [file for package in PACKAGES for path in package.__path__ for file in Path(path).glob("*.py")]
    files.remove(Path(client.__path__[0]) / "frames.py")  # imported only by who asks the client for a DataFrame
    files += [ROOT / name for name in SERVED_FROM]
    assert len(files) > 20
    for file in files:
        assert not _imports(file) & {"pickle", "marshal", "shelve", *TOO_MUCH}, file


def _imports(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    origins = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in plain | origins}
