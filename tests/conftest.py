"""Fixtures for all tests."""

import hypothesis

from tests.support.asked_fleets import all_ids, fleet, together
from tests.support.bentos import bento_home, bento_target, bento_url
from tests.support.contenders import four_weeks_before, good, half, poor
from tests.support.databases import postgres, state_url
from tests.support.replays import history, replay
from tests.support.serving_fixtures import channel, published, server
from tests.support.shops import shops
from tests.support.training_fixtures import trained

__all__ = [
    "all_ids",
    "bento_home",
    "bento_target",
    "bento_url",
    "channel",
    "fleet",
    "four_weeks_before",
    "good",
    "half",
    "history",
    "poor",
    "postgres",
    "published",
    "replay",
    "server",
    "shops",
    "state_url",
    "together",
    "trained",
]

hypothesis.settings.register_profile("untimed", deadline=None)  # another process may take the machine for a while
hypothesis.settings.load_profile("untimed")
