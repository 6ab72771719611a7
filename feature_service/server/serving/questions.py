"""The questions that a server answers, each from a snapshot of its own.

A folder that the pipeline publishes to holds the default question's pointer, and beside its snapshots a folder for each
other question, which is called by the question's name and holds the same again.
"""

import os
import re
from pathlib import Path

from data.snapshots import is_id, is_published
from feature_service.server.errors import InvalidFieldError, PageTokenExpiredError, UnknownQuestionError
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.serving.snapshot import ServingSnapshot

_NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What questions are called like: names of models and aliases in MLflow hold them."""


class ServedQuestions:
    """Finds the place of a question's snapshot by the question's name; the empty name is the default's.

    Args:
        max_age_s: Age of the data, by its last record, from which a question's data is stale; None is never.
    """

    def __init__(self, max_age_s: float | None = None) -> None:
        self.max_age_s, self.default = max_age_s, CurrentSnapshot(max_age_s)
        self._places = {"": self.default}  # replaced, never changed: the metrics' page is read in another thread

    def place(self, name: str) -> CurrentSnapshot:
        """Where the snapshot of a question is.

        Raises:
            UnknownQuestionError: If it is not served.
            NotLoadedError: If the default is not loaded yet, so that nobody can tell.
        """
        place = self._places.get(name)
        if place is None:
            self.default.get()
            raise UnknownQuestionError(name, self.names)
        return place

    def find(self, name: str) -> CurrentSnapshot | None:
        """As :meth:`place`, but None if it is not served."""
        return self._places.get(name)

    @property
    def names(self) -> list[str]:
        """Of all questions that can be asked; the default first, then by name."""
        beside = (name for name, place in self._places.items() if place is not self.default)
        return [self.default.get().question, *sorted(beside)]

    def loaded(self) -> list[CurrentSnapshot]:
        """The places that hold a snapshot, in the order of :attr:`names`."""
        places = self._places
        beside = (places[name] for name in sorted(places) if places[name] is not self.default)
        return [each for each in (self.default, *beside) if each.is_loaded]

    def name_default(self) -> None:
        """Let the default be asked by its name, too; to be called whenever it was loaded."""
        name = self.default.get().question
        if self._places.get(name) is not self.default:
            self.add(name, self.default)

    def add(self, name: str, place: CurrentSnapshot) -> None:
        """Answer a question from now on, or as soon as its place holds a snapshot."""
        self._places = {**self._places, name: place}

    def remove(self, name: str) -> None:
        """Answer a question no longer."""
        self._places = {each: place for each, place in self._places.items() if each != name}

    def of_page(self, name: str, token: str) -> ServingSnapshot:
        """The snapshot whose list a page token walks through; without one the question's newest.

        Raises:
            UnknownQuestionError, NotLoadedError: See :meth:`place`.
            InvalidFieldError: If it is no page token, or one of another question.
            PageTokenExpiredError: If that snapshot is no longer kept.
        """
        place = self.place(name)
        try:
            return place.of_page(token)
        except PageTokenExpiredError as error:
            if any(each.holds(error.snapshot_id) for each in self.loaded() if each is not place):
                raise InvalidFieldError("page_token", "must come with the question it was given for") from None
            raise

    def close(self) -> None:
        """Let nobody wait for a newer snapshot any longer."""
        for place in self._places.values():
            place.close()


def published_beside(root: Path) -> list[str]:
    """Names of the questions that are published beside the default of ``root``, sorted."""
    with os.scandir(root) as entries:
        names = [each.name for each in entries if _NAME.fullmatch(each.name) and not is_id(each.name)]
    return sorted(name for name in names if is_published(root / name))
