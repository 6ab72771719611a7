"""A served Bento and a feature service that hears of recorded counts give one probability and one stock."""

import json
import math
from pathlib import Path

import pytest

from bento.build import build_bento
from tests.support.answers import reason_of
from tests.support.bentos import post, served_bento
from tests.support.counted import after_the_week, counting
from tests.support.shops import Shops
from tests.support.snapshots import MODEL


def test_the_bento_answers_with_recorded_counts_as_the_grpc_service_does(shops: Shops, tmp_path: Path) -> None:
    build_bento(shops.root / shops.snapshot_id / "bundle", MODEL, tmp_path / "home")
    ids = list(shops.panel.product_ids)
    day = after_the_week(3)
    with (
        counting(shops.root, ids) as counted,
        served_bento(tmp_path / "home", counted.server.target, tmp_path) as url,
    ):
        counted.record({each: float(number % 40) for number, each in enumerate(ids) if number % 2}, day)
        expected = counted.ask()
        answer = json.loads(post(f"{url}/assess", {"product_ids": ids}).text)
    assert answer["results"]
    recorded = 0
    for result in answer["results"]:
        theirs = expected[result["product_id"]]
        if "error" in result:
            assert result["error"]["reason"] == reason_of(theirs)
            continue
        assert result["probability"] == pytest.approx(theirs.risk.probability, rel=1e-6)
        assert math.isclose(result["units_on_hand"], theirs.risk.units_on_hand)
        assert (result["counted_on"] == str(day), result["count_recorded"]) == (theirs.risk.count_recorded,) * 2
        recorded += result["count_recorded"]
    assert recorded > 50
