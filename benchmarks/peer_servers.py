"""The servers that are compared: this project's, and what one would take instead. One worker process each.

What is set apart from defaults favours the peers: no access log where it can be switched off, no signature that MLflow
would check rows against, no restart of Feast's worker after 1,000 requests.
"""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, GetFeaturesResponse
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, AssessStockoutRisksResponse

from benchmarks.feast_store import SERVICE, feast_bin
from benchmarks.processes import free_port, running, wait_for_http
from benchmarks.rpc import risk_server
from bento.build import build_bento
from data.snapshots import ModelReference

Command = list[str | Path]
FloatArray = npt.NDArray[np.floating]
BIN = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent
MODEL = ModelReference(name="stockout_risk", version="7", run_id="0123456789abcdef")


@dataclass(frozen=True)
class Question:
    """Products of one request and their features, shape ``(products, features)``."""

    product_ids: list[str]
    names: tuple[str, ...]
    rows: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Server:
    """One way to ask.

    Attributes:
        gives: ``risks`` or ``features``: only those of a kind are compared.
        address: Host and port.
        path: Of the URL, or the gRPC method.
        http: Else gRPC.
        pids: The processes whose trees do the work.
        encode: A request's body.
        decode: The numbers of an answer: a probability, or the features, of each product.
    """

    name: str
    gives: str
    address: str
    path: str
    http: bool
    pids: list[int]
    encode: Callable[[Question], bytes]
    decode: Callable[[bytes], FloatArray]


def ours_grpc(stack: ExitStack, snapshots: Path) -> list[Server]:
    """The gRPC service, by product id."""
    process, port = stack.enter_context(risk_server(snapshots))
    address, package = f"127.0.0.1:{port}", "/stockout.v1."
    return [
        Server(
            *("gRPC, by id", "risks", address, f"{package}RiskService/AssessStockoutRisks", False, [process.pid]),
            encode=lambda question: AssessStockoutRisksRequest(product_ids=question.product_ids).SerializeToString(),
            decode=lambda answer: np.array(
                [each.risk.probability for each in AssessStockoutRisksResponse.FromString(answer).results]
            ),
        ),
        Server(
            *("gRPC, GetFeatures", "features", address, f"{package}FeatureService/GetFeatures", False, [process.pid]),
            encode=lambda question: GetFeaturesRequest(product_ids=question.product_ids).SerializeToString(),
            decode=lambda answer: np.array(
                [each.features.values for each in GetFeaturesResponse.FromString(answer).results]
            ),
        ),
    ]


def ours_bento(stack: ExitStack, scratch: Path, bundle: Path, grpc_server: Server) -> list[Server]:
    """The Bento over HTTP, by product id (it asks the gRPC service) and with the features in the request."""
    home, address = scratch / "bentoml", f"127.0.0.1:{free_port()}"
    tag = build_bento(bundle, MODEL, home)
    env = {"BENTOML_HOME": str(home), "FEATURE_SERVICE_TARGET": grpc_server.address}
    command: Command = [BIN / "bentoml", "serve", tag, "--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    pid = _serve(stack, command, scratch, f"http://{address}/readyz", env)
    return [
        Server(
            *("Bento, by id", "risks", address, "/assess", True, [pid, *grpc_server.pids]),
            encode=lambda question: _json({"product_ids": question.product_ids}),
            decode=lambda answer: np.array([each["probability"] for each in json.loads(answer)["results"]]),
        ),
        Server(
            *("Bento, rows", "risks", address, "/predict_proba", True, [pid]),
            encode=_rows,
            decode=lambda answer: np.array(json.loads(answer)["probabilities"]),
        ),
    ]


def pyfunc_peers(stack: ExitStack, scratch: Path, forest: RandomForestClassifier) -> list[Server]:
    """FastAPI around the model as an MLflow pyfunc, and ``mlflow models serve``; both get the features."""
    model = scratch / "pyfunc"
    trusted = ["sklearn.tree._tree.Tree"]  # it was fitted here
    mlflow.sklearn.save_model(
        forest,
        model,
        pyfunc_predict_fn="predict_proba",
        skops_trusted_types=trusted,
        pip_requirements=["scikit-learn"],  # else it looks for them, which takes longer than all the rest
    )
    app, scoring = free_port(), free_port()
    uvicorn: Command = [BIN / "uvicorn", "benchmarks.pyfunc_app:app", "--port", str(app), "--no-access-log"]
    serve: Command = [
        BIN / "mlflow",
        "models",
        "serve",
        "--model-uri",
        model,
        "--env-manager",
        "local",
        "--port",
        str(scoring),
    ]
    path = f"{BIN}:/usr/local/bin:/usr/bin:/bin"  # mlflow calls uvicorn by name
    app_pid = _serve(stack, uvicorn, scratch, f"http://127.0.0.1:{app}/health", {"PYFUNC_MODEL": str(model)})
    scoring_pid = _serve(stack, serve, scratch, f"http://127.0.0.1:{scoring}/health", {"PATH": path})
    return [
        Server(
            *("FastAPI + pyfunc, rows", "risks", f"127.0.0.1:{app}", "/predict", True, [app_pid]),
            encode=_rows,
            decode=lambda answer: np.array(json.loads(answer)["probabilities"]),
        ),
        Server(
            *("mlflow models serve, rows", "risks", f"127.0.0.1:{scoring}", "/invocations", True, [scoring_pid]),
            encode=lambda question: _json(
                {"dataframe_split": {"columns": question.names, "data": question.rows.tolist()}}
            ),
            decode=lambda answer: np.array(json.loads(answer)["predictions"])[:, 1],
        ),
    ]


def feast_peer(stack: ExitStack, scratch: Path, repository: Path, names: tuple[str, ...]) -> list[Server]:
    """Feast's feature server over HTTP, by product id."""
    port = str(free_port())
    command: Command = [feast_bin() / "feast", "--chdir", repository, "serve", "--port", port]
    command += ["--no-access-log", "--max-requests", "0"]
    pid = _serve(stack, command, scratch, f"http://127.0.0.1:{port}/health", {"HOME": str(scratch)})

    def decode(answer: bytes) -> FloatArray:
        fields: dict[str, Any] = json.loads(answer)
        found = dict(zip(fields["metadata"]["feature_names"], fields["results"], strict=True))
        return np.array([found[name]["values"] for name in names], dtype=np.float64).T

    return [
        Server(
            *("Feast, by id", "features", f"127.0.0.1:{port}", "/get-online-features", True, [pid]),
            encode=lambda question: _json(
                {"feature_service": SERVICE, "entities": {"product_id": question.product_ids}}
            ),
            decode=decode,
        )
    ]


def _serve(stack: ExitStack, command: Command, scratch: Path, url: str, env: dict[str, str]) -> int:
    log = scratch / f"{Path(command[0]).name}.log"
    process = stack.enter_context(running(command, log, cwd=ROOT, env=env))
    wait_for_http(url, process, log)
    return process.pid


def _rows(question: Question) -> bytes:
    return _json([dict(zip(question.names, row, strict=True)) for row in question.rows.tolist()])


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
