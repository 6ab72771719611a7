"""The HTTP service. Its Bento holds the registered model in the folder ``model`` beside this file.

Settings, from the environment when the service starts:

- ``FEATURE_SERVICE_TARGET``: where the gRPC feature service is; of servers that hold a shard each, all of them in the
  order of the shards, with commas between them.
- ``FEATURE_SERVICE_TLS_CA``: file of the authority (CA) that signed its certificate; without it the call is plaintext.
- ``FEATURE_SERVICE_TLS_CERTIFICATE``, ``FEATURE_SERVICE_TLS_KEY``: files of a certificate to show, if it wants one.
- ``FEATURE_SERVICE_TOKEN_FILE``: file of a bearer token, if it wants one.
"""

import functools
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import bentoml
from _bentoml_sdk.io_models import IORootModel  # the public names have no way to take a body as it is
from pydantic.json_schema import DEFAULT_REF_TEMPLATE
from starlette.requests import Request
from starlette.responses import JSONResponse

from bento import schemas
from bento.errors import RETRY_AFTER, STATUS
from bento.features import FeatureClient
from bento.openapi import mount_pages
from bento.requests import AssessRequest, BodyLimit, decode_assess, decode_rows, feature_rows
from bento.risks import risks
from feature_service.bundle import CONTRACT_FILE, Bundle, BundleError, Contract
from feature_service.credentials import Secrets
from feature_service.json_record import read_json
from feature_service.kernel import StockoutError

MODEL_DIR = Path(__file__).parent / "model"
REFERENCE_FILE = "reference.json"
DEFAULT_TARGET = "127.0.0.1:50051"

T = TypeVar("T")


class _Body(IORootModel[Any]):
    """A request body as it came: checked by ``bento.requests``, so that each refusal is a sentence and never a 500."""

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> "_Body":  # noqa: ARG003 (BentoML's signature)
        """Take the bytes."""
        taken: _Body = cls.model_construct(root=await request.body())
        return taken


class RowsBody(_Body):
    """Feature rows."""

    @classmethod
    def model_json_schema(cls, *_: Any, ref_template: str = DEFAULT_REF_TEMPLATE, **__: Any) -> dict[str, Any]:
        """For the OpenAPI page: the model's own features, read when the page is made."""
        contract = Contract.from_json((MODEL_DIR / CONTRACT_FILE).read_text(encoding="utf-8"))
        return feature_rows(contract.feature_names).json_schema(ref_template=ref_template)


class AssessBody(_Body):
    """Product ids."""

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """For the OpenAPI page."""
        return AssessRequest.model_json_schema()


for _body in (RowsBody, AssessBody):
    _body.__root_input__ = True  # BentoML's mark for a body that is one value and no set of arguments


def _answering(method: Callable[[Any, bytes], Awaitable[T]]) -> Callable[[Any, bytes], Awaitable[T | JSONResponse]]:
    """Answer the project's errors with their sentence; BentoML itself would keep those of 5xx to the log."""

    @functools.wraps(method)
    async def wrapped(service: Any, body: bytes, /) -> T | JSONResponse:
        try:
            return await method(service, body)
        except StockoutError as error:
            if type(error) not in STATUS:
                raise
            status = STATUS[type(error)]
            headers = RETRY_AFTER if status == HTTPStatus.SERVICE_UNAVAILABLE else None
            return JSONResponse({"error": str(error)}, status, headers)

    return wrapped


@bentoml.service(name="stockout_risk", traffic={"timeout": 30})
class StockoutRisk:
    """The probability that a product runs out, from feature rows or from product ids."""

    def __init__(self) -> None:
        self._bundle = Bundle.load(MODEL_DIR)
        model = _read_reference()
        target = os.environ.get("FEATURE_SERVICE_TARGET", DEFAULT_TARGET)
        self._features = FeatureClient(target, self._bundle.contract.label.question, _secrets().credentials())
        self._model = (model.name, model.version)
        contract = self._bundle.contract
        feature_rows(contract.feature_names)  # made and kept now, not at the first request
        self._provenance: dict[str, Any] = {
            "model_name": model.name,
            "model_version": model.version,
            "feature_set": contract.feature_set,
            "label": contract.label.name,
            "evidence": contract.label.evidence,
            "threshold": contract.threshold,
            "horizon_weeks": contract.label.horizon_weeks,
        }

    @bentoml.api(input_spec=RowsBody, output_spec=schemas.RowAlerts)
    @_answering
    async def predict(self, body: bytes, /) -> schemas.RowAlerts:
        """1 for each row whose probability reaches the model's own threshold, else 0; 0 where the label does not apply.

        Rows belong to no snapshot, so no snapshot's alert policy counts here.
        """
        threshold = self._bundle.contract.threshold
        alerts = [int(p is not None and p >= threshold) for p in self._probabilities(body)]
        return schemas.RowAlerts(stockout_prediction=alerts)

    @bentoml.api(input_spec=RowsBody, output_spec=schemas.Probabilities)
    @_answering
    async def predict_proba(self, body: bytes, /) -> schemas.Probabilities:
        """The probability of each row, null where the label does not apply, with what it was made with."""
        return schemas.Probabilities(probabilities=self._probabilities(body), **self._provenance)

    @bentoml.api(input_spec=AssessBody, output_spec=schemas.Assessment)
    @_answering
    async def assess(self, body: bytes, /) -> schemas.Assessment:
        """The risk of each product by its id, in order, and what follows from it for a planner.

        The features and the planner's figures come from the gRPC feature service, both from one snapshot; an alert is
        what the policy says that this snapshot was published with.
        """
        answer = await self._features.get(decode_assess(body))
        provenance = answer.features.provenance
        return schemas.Assessment(
            results=risks(answer, self._bundle, self._model),
            snapshot_id=provenance.snapshot_id,
            as_of_week=provenance.as_of_week.isoformat(),
            alert_policy=provenance.alert_policy,
            **{**self._provenance, "threshold": provenance.threshold},
        )

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Close the connection to the feature service."""
        await self._features.close()

    def __is_ready__(self) -> bool:
        """For ``/readyz``. The model was loaded and checked before the service came up."""
        return self._bundle is not None

    def _probabilities(self, body: bytes) -> list[float | None]:
        contract = self._bundle.contract
        rows = decode_rows(body, contract.feature_names)
        probabilities: list[float | None] = self._bundle.predict(rows).tolist()
        return [p if applies else None for p, applies in zip(probabilities, contract.applies(rows), strict=True)]


@dataclass(frozen=True)
class _Reference:
    """Which registered model the Bento holds, as it was written when the Bento was built."""

    name: str
    version: str
    run_id: str


def _read_reference() -> _Reference:
    """Raises:
    BundleError: If the file is missing or is no such reference.
    """
    file = MODEL_DIR / REFERENCE_FILE
    try:
        return read_json(_Reference, file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{file} cannot be read: {error}: build the Bento anew") from error


def _secrets() -> Secrets:
    def file(name: str) -> Path | None:
        given = os.environ.get(f"FEATURE_SERVICE_{name}")
        return Path(given) if given else None

    return Secrets(file("TLS_CA"), file("TLS_CERTIFICATE"), file("TLS_KEY"), file("TOKEN_FILE"))


_service: Any = StockoutRisk  # what the decorator made of the class, though its types say that it is the class
mount_pages(_service)
_service.add_asgi_middleware(BodyLimit)
