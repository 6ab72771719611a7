"""What the follower makes of what the feature service says, or does not say."""

import asyncio
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bento import errors
from bento.features import FeatureClient
from bento.follower import Follower
from bento.models import Model, Models
from feature_service.client import Provenance
from feature_service.kernel import StockoutError
from tests.support.snapshots import fitted_forest, synthetic_panel, write_bundle

NOBODY_CAN_TELL = (errors.FeatureServiceUnavailableError, errors.FeatureServiceBusyError, errors.SnapshotChangedError)


class Saying(FeatureClient):
    """A feature service that says one thing after the other."""

    def __init__(self, said: Iterator[Provenance | Exception]) -> None:
        super().__init__("nowhere:1", "zero_sales")
        self._said = said

    async def served(self) -> Provenance:
        said = next(self._said)
        if isinstance(said, Exception):
            raise said
        return said


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("model")
    write_bundle(folder, fitted_forest(synthetic_panel(products=20), trees=3, depth=2))
    (folder / "reference.json").write_text(json.dumps({"name": "stockout_risk", "version": "1", "run_id": "0"}))
    return Model.load(folder)


def champion(version: str) -> Provenance:
    return Provenance(
        model_name="stockout_risk",
        model_version=version,
        feature_set="seed-18",
        label="zero_sales",
        threshold=0.5,
        snapshot_id="new",
        as_of_week=dt.date(2018, 8, 20),
        horizon_weeks=1,
        evidence="SALES_ONLY",
        published_at=dt.datetime(2018, 8, 27, tzinfo=dt.UTC),
        stale=False,
    )


def obstacles(own: Model, bentos: Path, *said: Provenance | Exception) -> list[StockoutError | None]:
    """What stands in the way after each look."""

    async def followed() -> list[StockoutError | None]:
        follower, found = Follower(Saying(iter(said)), own, Models(own, bentos)), []
        for _ in said:
            await follower.start()
            await follower.stop()
            found.append(follower.obstacle)
        assert follower.current is own
        return found

    return asyncio.run(followed())


@pytest.mark.parametrize("silence", NOBODY_CAN_TELL)
def test_where_nobody_can_tell_what_was_known_stays(own: Model, tmp_path: Path, silence: type[StockoutError]) -> None:
    first, missing, after, found = obstacles(own, tmp_path, silence("?"), champion("2"), silence("?"), champion("1"))
    assert (first, found) == (None, None)
    assert isinstance(missing, errors.ModelNotFoundError)
    assert after is missing


def test_a_champion_of_another_meaning_is_an_obstacle_though_its_version_is_loaded(own: Model, tmp_path: Path) -> None:
    (obstacle,) = obstacles(own, tmp_path, dataclasses.replace(champion("1"), evidence="STOCK_AWARE"))
    assert isinstance(obstacle, errors.FeatureServiceMismatchError)


def test_what_nobody_foresaw_ends_no_following(own: Model, tmp_path: Path) -> None:
    first, missing = obstacles(own, tmp_path, ZeroDivisionError("in the client"), champion("2"))
    assert first is None
    assert isinstance(missing, errors.ModelNotFoundError)
