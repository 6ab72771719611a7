"""Fixtures for all tests."""

from tests.support.serving_fixtures import channel, published, server
from tests.support.training_fixtures import trained

__all__ = ["channel", "published", "server", "trained"]
