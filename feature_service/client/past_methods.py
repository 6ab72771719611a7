"""The methods of the two clients that ask about the past."""

from typing import TypeVar

from feature_service.client import past_exchanges
from feature_service.client.exchanges import Exchange
from feature_service.client.fleet.servers import Fleet
from feature_service.client.performance import PerformanceAnswer
from feature_service.client.product_history import ProductHistory

Answer = TypeVar("Answer")

DEFAULT_WEEKS = 52


class PastMethods:
    """What :class:`RiskClient` asks about the past."""

    _fleet: Fleet

    def performance(self) -> PerformanceAnswer:
        """How what was said of past weeks turned out, beside simple rules.

        Raises:
            ClientError: If there is no answer, as where no outcome is known yet.
        """
        return self._run(past_exchanges.performance(self._fleet))

    def product_history(self, product_id: str, weeks: int = DEFAULT_WEEKS) -> ProductHistory:
        """What is known of one product, be it with a risk or without, and the demand forecast of the weeks to come.

        Args:
            product_id: The product.
            weeks: How many of the last weeks, 1 to 520.
        Raises:
            RefusedError: If the server has no row of the product; its ``reason`` says why, e.g. ``UNKNOWN_PRODUCT``.
            ClientError: If there is no answer.
        """
        return self._run(past_exchanges.product_history(self._fleet, product_id, weeks))

    def _run(self, exchange: Exchange[Answer]) -> Answer:
        raise NotImplementedError


class AsyncPastMethods:
    """As :class:`PastMethods`, for :class:`AsyncRiskClient`."""

    _fleet: Fleet

    async def performance(self) -> PerformanceAnswer:
        """See :meth:`PastMethods.performance`."""
        return await self._run(past_exchanges.performance(self._fleet))

    async def product_history(self, product_id: str, weeks: int = DEFAULT_WEEKS) -> ProductHistory:
        """See :meth:`PastMethods.product_history`."""
        return await self._run(past_exchanges.product_history(self._fleet, product_id, weeks))

    async def _run(self, exchange: Exchange[Answer]) -> Answer:
        raise NotImplementedError
