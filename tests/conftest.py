"""Fixtures for all tests."""

import hypothesis

from tests.support.bentos import bento_home, bento_target, bento_url
from tests.support.databases import postgres, state_url
from tests.support.serving_fixtures import channel, published, server
from tests.support.shops import shops
from tests.support.training_fixtures import trained

__all__ = [
    "bento_home",
    "bento_target",
    "bento_url",
    "channel",
    "postgres",
    "published",
    "server",
    "shops",
    "state_url",
    "trained",
]

hypothesis.settings.register_profile("untimed", deadline=None)  # another process may take the machine for a while
hypothesis.settings.load_profile("untimed")
