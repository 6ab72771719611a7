"""The alerts of one product and what became of them: as the ledger of the runs has them, over the wire."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from data.state.database import open_database
from feature_service.client import AsyncRiskClient, PastAlert, PastAlertsAnswer, RefusedError, RiskClient
from monitoring.outcomes.alerts import ProductEpisode
from monitoring.outcomes.episodes import Alert, Fate, episodes_of
from monitoring.outcomes.ledger import reconcile
from monitoring.outcomes.predictions import PREDICTION_COLUMNS
from tests.support.outcomes import note, week
from tests.support.servers import running_server
from tests.support.serving_fixtures import Published

QUESTION, PRODUCT = "zero_sales", "a"
NOW = dt.datetime(2024, 9, 1, tzinfo=dt.UTC)


def write_ledger(url: str) -> None:
    """Three warnings of a product: one that came true in its second week, one that did not, and one that is open."""
    fates = {0: Fate.DID_NOT, 1: Fate.CAME_TRUE, 4: Fate.DID_NOT, 8: Fate.OPEN}
    alerts = [
        Alert(week(at), fate, week(3) if fate is Fate.CAME_TRUE else None, "no data" if fate is Fate.OPEN else "")
        for at, fate in fates.items()
    ]
    said = dict.fromkeys(PREDICTION_COLUMNS) | {"probability": 0.25}
    found = [
        ProductEpisode(product, each, said, note(0), highest_probability=0.75)
        for product in (PRODUCT, "another")
        for each in episodes_of(alerts, 2, week(8))
    ]
    reconcile(open_database(url), QUESTION, found, {week(number) for number in range(9)}, NOW)


def test_the_newest_alerts_are_told_with_what_became_of_them(published: Published, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    with running_server(published.root, "--state-url", url) as server, RiskClient(server.target) as client:
        assert client.past_alerts(PRODUCT) == PastAlertsAnswer(QUESTION, [])
        write_ledger(url)
        told = client.past_alerts(PRODUCT)
        assert [(each.first_week, each.weeks, each.outcome) for each in told.results] == [
            (week(8), 1, "OPEN"),
            (week(4), 1, "DID_NOT"),
            (week(0), 2, "CAME_TRUE"),
        ]
        assert told.results[0].reason == "no data"
        assert told.results[2] == PastAlert(
            week(0), week(1), 2, 0.25, 0.75, "CAME_TRUE", week(3), (week(3) - week(0)).days - 6, "", None
        )
        assert client.past_alerts(PRODUCT, limit=1).results == told.results[:1]
        assert client.past_alerts("a\0").results == []

        async def ask() -> PastAlertsAnswer:
            async with AsyncRiskClient(server.target, question=QUESTION) as other:
                return await other.past_alerts(PRODUCT)

        assert asyncio.run(ask()) == told


def test_a_server_without_a_database_says_how_to_turn_it_on(published: Published) -> None:
    with (
        running_server(published.root) as server,
        RiskClient(server.target) as client,
        pytest.raises(RefusedError) as refused,
    ):
        client.past_alerts(PRODUCT)
    assert refused.value.reason == "PLANS_OFF"
