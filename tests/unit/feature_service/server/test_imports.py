import subprocess
import sys

import pytest

TRAINING = ("mlflow", "luigi", "sklearn", "bentoml", "pandas", "polars", "skops", "joblib", "cloudpickle", "dill")
DATABASES = ("sqlalchemy", "alembic", "psycopg")
"""Only a server that keeps plans needs one."""
TOO_MUCH = TRAINING + DATABASES


@pytest.mark.parametrize("module", ["feature_service.server.__main__", "feature_service.client.__main__"])
def test_importing_the_server_or_the_client_pulls_in_nothing_of_training_and_no_database(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in {TOO_MUCH!r} if name in sys.modules))"
    completed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert completed.stdout.split() == []


def test_the_client_does_not_bring_the_library_that_enforces_the_rules() -> None:
    code = "import sys, feature_service.client.__main__; print('protovalidate' in sys.modules)"
    completed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert completed.stdout.strip() == "False"
