"""The alerts of one product and what became of them: as the ledger of the runs has them, over the wire."""

import asyncio
from pathlib import Path

import pytest

from feature_service.client import AsyncRiskClient, PastAlert, PastAlertsAnswer, RefusedError, RiskClient
from tests.support.ledgers import write_ledger
from tests.support.outcomes import week
from tests.support.servers import running_server
from tests.support.serving_fixtures import Published

QUESTION, PRODUCT = "zero_sales", "a"


def test_the_newest_alerts_are_told_with_what_became_of_them(published: Published, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    with running_server(published.root, "--state-url", url) as server, RiskClient(server.target) as client:
        assert client.past_alerts(PRODUCT) == PastAlertsAnswer(QUESTION, [])
        write_ledger(url, QUESTION, PRODUCT, "another")
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
