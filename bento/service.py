"""The HTTP service. Its Bento holds a registered model in the folder ``model`` beside this file, and starts with it.

From then on it answers with the question's champion, whose Bento it finds in the store that it was started from.

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
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import bentoml
from _bentoml_sdk.io_models import IORootModel  # the public names have no way to take a body as it is
from bentoml.exceptions import BentoMLException
from pydantic.json_schema import DEFAULT_REF_TEMPLATE
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from bento import schemas
from bento.errors import RETRY_AFTER, STATUS
from bento.features import FeatureClient
from bento.follower import Follower
from bento.models import Model, Models, bentos_beside
from bento.openapi import mount_pages
from bento.requests import AssessRequest, BodyLimit, decode_assess, decode_rows, feature_rows
from bento.risks import basis, risks
from feature_service.credentials import Secrets
from feature_service.kernel import StockoutError

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
        """For the OpenAPI page: the features of the model that answers when the page is made."""
        try:
            model = bentoml.get_current_service().model
        except BentoMLException:  # nothing is served: the Bento is being built
            model = Model.load()
        return feature_rows(model.bundle.contract.feature_names).json_schema(ref_template=ref_template)


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
        own = Model.load()
        target = os.environ.get("FEATURE_SERVICE_TARGET", DEFAULT_TARGET)
        self._features = FeatureClient(target, own.bundle.contract.label.question, _secrets().credentials())
        self._follower = Follower(self._features, own, Models(own, bentos_beside()))

    @property
    def model(self) -> Model:
        """The model that answers now; a request takes it once."""
        return self._follower.current

    @bentoml.on_startup
    async def follow(self) -> None:
        """Follow the champion from now on."""
        await self._follower.start()

    @bentoml.api(input_spec=RowsBody, output_spec=schemas.RowAlerts)
    @_answering
    async def predict(self, body: bytes, /) -> schemas.RowAlerts:
        """1 for each row whose probability reaches the model's own threshold, else 0; 0 where the label does not apply.

        Rows belong to no snapshot, so no snapshot's alert policy counts here.
        """
        model = self.model
        threshold = model.bundle.contract.threshold
        alerts = [int(p is not None and p >= threshold) for p in _probabilities(body, model)]
        return schemas.RowAlerts(stockout_prediction=alerts)

    @bentoml.api(input_spec=RowsBody, output_spec=schemas.Probabilities)
    @_answering
    async def predict_proba(self, body: bytes, /) -> schemas.Probabilities:
        """The probability of each row, null where the label does not apply, with what it was made with."""
        model = self.model
        return schemas.Probabilities(probabilities=_probabilities(body, model), **model.provenance)

    @bentoml.api(input_spec=AssessBody, output_spec=schemas.Assessment)
    @_answering
    async def assess(self, body: bytes, /) -> schemas.Assessment:
        """The risk of each product by its id, in order, and what follows from it for a planner.

        The features and the planner's figures come from the gRPC feature service, both from one snapshot; an alert is
        what the policy says that this snapshot was published with.
        """
        answer = await self._features.get(decode_assess(body))
        model = await self._follower.model_for(answer)
        rests_on = basis(answer, model)
        return schemas.Assessment(
            results=risks(answer, model),
            snapshot_id=rests_on.snapshot_id,
            as_of_week=rests_on.as_of_week.isoformat(),
            alert_policy=rests_on.alert_policy,
            alerts_until_relief=rests_on.alerts_until_relief,
            **{**model.provenance, "threshold": rests_on.threshold},
        )

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Follow no more, and close the connection to the feature service."""
        await self._follower.stop()
        await self._features.close()

    async def __is_ready__(self) -> bool:
        """For ``/readyz``: 503 with the reason while another model answers than the champion.

        BentoML itself would only say that this is false.
        """
        if self._follower.obstacle is not None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, str(self._follower.obstacle), RETRY_AFTER)
        return True


def _probabilities(body: bytes, model: Model) -> list[float | None]:
    contract = model.bundle.contract
    rows = decode_rows(body, contract.feature_set, contract.feature_names)
    probabilities: list[float] = model.bundle.predict(rows).tolist()
    return [p if applies else None for p, applies in zip(probabilities, contract.applies(rows), strict=True)]


def _secrets() -> Secrets:
    def file(name: str) -> Path | None:
        given = os.environ.get(f"FEATURE_SERVICE_{name}")
        return Path(given) if given else None

    return Secrets(file("TLS_CA"), file("TLS_CERTIFICATE"), file("TLS_KEY"), file("TOKEN_FILE"))


_service: Any = StockoutRisk  # what the decorator made of the class, though its types say that it is the class
mount_pages(_service, lambda: f"It answers with {bentoml.get_current_service().model.id}.")
_service.add_asgi_middleware(BodyLimit)
