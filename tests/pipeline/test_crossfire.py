"""Runs that disturb and are killed: two at once, real processes, kill -9 at seeded random moments.

The short form has the costly stages done beforehand and fights for the registry, the Bentos and the snapshots. With
``STOCKOUT_CROSSFIRE_MINUTES`` set, as ``make crossfire`` does, it goes on for so long, from right after the panel, too.
"""

import logging
import os
import random
import shutil
import time
from pathlib import Path

import pytest

from data.synthetic.olist import write_synthetic_olist
from tests.support.crossfire import LONGEST_DELAY_S, QUESTIONS, SCENARIOS, Battle, Shot, shots_of

MINUTES = float(os.environ.get("STOCKOUT_CROSSFIRE_MINUTES", "0"))
SEED = 20180826

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders")
    write_synthetic_olist(folder, seed=3, products=150)
    return folder


def prepare(stage: str, orders: Path, folder: Path) -> Path:
    """A work dir in which a stage is done for both questions."""
    for run in [Shot(question, folder).start(orders, stage) for question in QUESTIONS]:
        status, said = run.wait()
        assert status == 0, said
    return folder


@pytest.fixture(scope="module")
def evaluated(orders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare("Evaluate", orders, tmp_path_factory.mktemp("evaluated"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_runs_that_are_killed_amid_others_publish_one_whole_answer(
    scenario: str, orders: Path, evaluated: Path, tmp_path: Path
) -> None:
    shots = shots_of(scenario, tmp_path, evaluated)
    Battle().fight(shots, orders, random.Random(f"{SEED} {scenario}"), LONGEST_DELAY_S["Evaluate"])


@pytest.mark.skipif(not MINUTES, reason="STOCKOUT_CROSSFIRE_MINUTES is not set")
def test_the_same_for_a_long_time(
    orders: Path, evaluated: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    prepared = {"Evaluate": evaluated}
    prepared["WeeklyPanel"] = prepare("WeeklyPanel", orders, tmp_path_factory.mktemp("panel"))
    battle, end, number = Battle(), time.monotonic() + 60 * MINUTES, 0
    while time.monotonic() < end:
        number += 1
        chance = random.Random(f"{SEED} {number}")
        scenario, stage = chance.choice(SCENARIOS), chance.choice(sorted(prepared))
        log.info("round %d: %s, from %s on; so far %s", number, scenario, stage, dict(battle.figures))
        folder = tmp_path / str(number)
        battle.fight(shots_of(scenario, folder, prepared[stage]), orders, chance, LONGEST_DELAY_S[stage])
        shutil.rmtree(folder)
    log.info("over: %s", dict(battle.figures))
