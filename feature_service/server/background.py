"""What a server does beside its calls, again and again: no failure ends it, and none goes unsaid."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_log = structlog.stdlib.get_logger("stockout.server")


async def repeat(step: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Do a step, wait, do it again, until cancelled. What it raises is logged, once while it stays the same."""
    last_failure = ""
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except Exception as error:  # the next step may succeed; a task that ends would never try again
            if repr(error) != last_failure:
                _log.error("background step failed", step=step.__qualname__, exc_info=error)
            last_failure = repr(error)
        else:
            last_failure = ""
