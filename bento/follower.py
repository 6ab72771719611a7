"""Following the question's champion: which model the service answers with, and why it cannot if it cannot.

The feature service is asked now and then which registered version it answers with, and at once where one of its
answers came with another version than the current. Nothing stops for a change: a request ends with the model that it
began with.
"""

import asyncio
import contextlib
import logging

from bento.errors import (
    FeatureServiceBusyError,
    FeatureServiceMismatchError,
    FeatureServiceUnavailableError,
    ModelNotFoundError,
    SnapshotChangedError,
)
from bento.features import Answer, FeatureClient
from bento.models import Model, ModelId, Models
from bento.risks import check_same_meaning
from feature_service.kernel import StockoutError

LOOK_EVERY_S = 2.0
PAUSE_S = 0.1
"""Between two looks, however many answers come with another version than the current."""
FIRST_LOOK_S = 2.0
"""How long the service's start waits for the first look, at most."""

_log = logging.getLogger("bentoml.stockout_risk")


class Follower:
    """Keeps ``current`` at the model version that the feature service answers with.

    Args:
        features: The feature service.
        own: The model to begin with.
        models: Where the others are found.

    Attributes:
        current: The model of now.
        obstacle: Why the current model is not the one that the feature service answers with; None while it is, or while
            the feature service cannot be asked.
    """

    def __init__(self, features: FeatureClient, own: Model, models: Models) -> None:
        self.current = own
        self.obstacle: StockoutError | None = None
        self._features, self._models = features, models
        self._woken = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look for the first time, and go on looking from then on."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_S):
                await self._look()
        self._looking = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def model_for(self, answer: Answer) -> Model:
        """The model that an answer's features are for.

        The figures of a past week are of the model that was champion then. So are its probabilities, where that model
        is in the store and takes these features; elsewhere today's model makes them.

        Raises:
            ModelNotFoundError: If no Bento of the store gives it.
        """
        of_features, of_figures = ModelId.of(answer.features.provenance), ModelId.of(answer.plans.provenance)
        if of_figures != of_features:
            with contextlib.suppress(ModelNotFoundError, FeatureServiceMismatchError):
                past = await self._models.get(of_figures)
                check_same_meaning(answer.features.provenance, past.bundle.contract)
                return past
        if of_features != self.current.id:
            self._woken.set()
        return await self._models.get(of_features)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._woken.wait()
            self._woken.clear()
            await self._look()

    async def _look(self) -> None:
        try:
            provenance = await self._features.served()
            model = await self._models.get(ModelId.of(provenance))
            check_same_meaning(provenance, model.bundle.contract)
        except (FeatureServiceBusyError, FeatureServiceUnavailableError, SnapshotChangedError):
            pass  # nobody can tell, so what was known stays
        except StockoutError as error:
            if str(error) != str(self.obstacle):
                _log.warning("not ready: %s", error)
            self.obstacle = error
        except Exception:  # whatever it was, the next look may go well
            _log.exception("could not look which model the feature service answers with")
        else:
            self._go_on_with(model)

    def _go_on_with(self, model: Model) -> None:
        if model.id != self.current.id:
            _log.info("%s answers from now on, no longer %s", model.id, self.current.id)
        elif self.obstacle is not None:
            _log.info("ready again: %s answers", model.id)
        self.current, self.obstacle = model, None
