"""The registered models that the service answers with, read from the Bentos of the store it was started from.

A store holds its Bentos as ``<name>/<version>``, and each Bento of ours holds one registered model. Of another Bento
only the model is taken, never its program.
"""

import asyncio
import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bento.errors import ModelNotFoundError
from bento.requests import feature_rows
from feature_service.bundle import Bundle, BundleError
from feature_service.client import Provenance
from feature_service.json_record import read_json

MODEL_DIR = Path(__file__).parent / "model"
REFERENCE_FILE = "reference.json"
MAX_KEPT = 4
"""Models that are kept loaded: the champion, the one before it, which answers may still come with, and past weeks'."""
RETRY_S = 1.0
"""A model that could not be found is looked for again after this, however many requests want it meanwhile."""

_IN_A_BENTO = Path("src", "bento", "model")


@dataclass(frozen=True)
class ModelId:
    """A registered model's name and version."""

    name: str
    version: str

    @classmethod
    def of(cls, provenance: Provenance) -> "ModelId":
        """The one that an answer of the feature service rests on."""
        return cls(provenance.model_name, provenance.model_version)

    def __str__(self) -> str:
        return f"{self.name} version {self.version}"


@dataclass(frozen=True)
class Model:
    """A registered model, loaded."""

    id: ModelId
    bundle: Bundle

    @classmethod
    def load(cls, folder: Path = MODEL_DIR) -> "Model":
        """Read the model of a Bento, by default of this one.

        Raises:
            BundleError: If it cannot be used.
        """
        model = cls(_read_id(folder), Bundle.load(folder))
        feature_rows(model.bundle.contract.feature_names)  # made and kept now, not at the first request
        return model

    @property
    def provenance(self) -> dict[str, Any]:
        """What every answer that is made with it says."""
        contract = self.bundle.contract
        return {
            "model_name": self.id.name,
            "model_version": self.id.version,
            "feature_set": contract.feature_set,
            "label": contract.label.name,
            "evidence": contract.label.evidence,
            "threshold": contract.threshold,
            "horizon_weeks": contract.label.horizon_weeks,
        }


class Models:
    """Loaded models; another one is looked for among the Bentos when it is first asked for.

    Args:
        own: The one that is loaded already.
        bentos: Folder of the Bentos that are looked at.
    """

    def __init__(self, own: Model, bentos: Path) -> None:
        self._bentos = bentos
        self._kept = {own.id: own}
        self._searches: dict[ModelId, asyncio.Task[Model]] = {}

    async def get(self, model_id: ModelId) -> Model:
        """A model; who asks for the same one while it is being loaded waits for that.

        Raises:
            ModelNotFoundError: If no Bento gives it.
        """
        model = self._kept.pop(model_id, None)
        if model is not None:
            self._kept[model_id] = model  # the last one now, so the last to be given up
            return model
        search = self._searches.get(model_id)
        if search is None:
            search = asyncio.create_task(asyncio.to_thread(find_model, model_id, self._bentos))
            search.add_done_callback(functools.partial(self._keep, model_id))
            self._searches[model_id] = search
        return await asyncio.shield(search)  # a client that leaves does not end it for the others

    def _keep(self, model_id: ModelId, search: asyncio.Task[Model]) -> None:
        if search.cancelled() or search.exception():
            search.get_loop().call_later(RETRY_S, self._searches.pop, model_id, None)
            return
        del self._searches[model_id]
        self._kept[model_id] = search.result()
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def find_model(model_id: ModelId, bentos: Path) -> Model:
    """The model out of the newest Bento that holds it and can be used.

    Args:
        model_id: Which one.
        bentos: Folder of the Bentos that are looked at.
    Raises:
        ModelNotFoundError: If there is none; with what is wrong with one that cannot be read.
    """
    problems = []
    for folder in _newest_first(bentos):
        try:
            if _read_id(folder) == model_id:
                return Model.load(folder)
        except BundleError as error:
            problems.append(str(error))
    why = f" ({problems[0]})" if problems else ""
    raise ModelNotFoundError(
        f"the feature service answers with {model_id}, and no Bento in {bentos} gives it{why}: "
        "let the pipeline build it in this store, or serve the Bento that holds it instead of this one"
    )


def bentos_beside() -> Path:
    """Where this Bento lies in its store, and the others of its name.

    ``bentoml.list`` is no way there: a served Bento finds nothing by it where BENTOML_HOME is a relative path.
    """
    return MODEL_DIR.parents[len(_IN_A_BENTO.parts)]


def _newest_first(bentos: Path) -> list[Path]:
    """The folders of their models; of those that hold the same version, the one that was built last stands first."""
    latest = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        latest = (bentos / "latest").read_text(encoding="utf-8").strip()
    found = []
    for bento in bentos.glob("*/"):
        reference = bento / _IN_A_BENTO / REFERENCE_FILE
        with contextlib.suppress(OSError):  # no Bento of ours, or taken away just now
            found.append((bento.name == latest, reference.stat().st_mtime_ns, reference.parent))
    return [folder for *_, folder in sorted(found, reverse=True)]


def _read_id(folder: Path) -> ModelId:
    """Which registered model a Bento holds, as it was written when the Bento was built.

    Raises:
        BundleError: If the file is missing or is no such reference.
    """
    file = folder / REFERENCE_FILE
    try:
        reference = read_json(_Reference, file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{file} cannot be read: {error}: build the Bento anew") from error
    return ModelId(reference.name, reference.version)


@dataclass(frozen=True)
class _Reference:
    name: str
    version: str
    run_id: str
