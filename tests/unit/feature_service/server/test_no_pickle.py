import ast
import subprocess
import sys
from pathlib import Path

import feature_service

ROOT = Path(feature_service.__file__).parent.parent


def test_nothing_of_ours_that_the_server_or_the_client_imports_reads_pickles() -> None:
    """The closure as it is, not as it is thought to be; with channelz and tracing, which come on demand."""
    on_demand = "feature_service.server.telemetry.tracing, feature_service.server.tokens, grpc_channelz.v1.channelz"
    code = f"import sys, feature_service.server.__main__, feature_service.client.__main__, {on_demand}\n" + (
        "print(*(m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)), sep='\\n')"
    )
    completed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    ours = [path for path in map(Path, completed.stdout.splitlines()) if _is_ours(path)]
    assert {"snapshots", "bundle", "kernel", "server", "client"} <= {name for path in ours for name in path.parts}
    for file in ours:
        assert not _imports(file) & {"pickle", "marshal", "shelve", "joblib", "cloudpickle", "dill"}, file
        for call in _loads_of_numpy(file):
            allowed = {each.arg: ast.literal_eval(each.value) for each in call.keywords if each.arg == "allow_pickle"}
            assert allowed == {"allow_pickle": False}, f"{file}:{call.lineno}"


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(ROOT) and "site-packages" not in file.parts


def _loads_of_numpy(file: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) in {"np.load", "numpy.load"}]


def _imports(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    origins = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in plain | origins}
