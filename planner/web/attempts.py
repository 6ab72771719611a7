"""How often somebody may try to log in."""

import time
from collections import OrderedDict

TRIES = 5
"""Failed tries from one address at once."""
SECONDS_PER_TRY = 12.0
"""After these, one more may be made."""
_MOST_ADDRESSES = 10_000


class Attempts:
    """Failed tries by address. What is not known any more was long ago, or too many others came since."""

    def __init__(self) -> None:
        self._spent_until: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0 now."""
        spent = self._spent_until.get(address, 0.0) - time.monotonic()
        return max(0.0, spent - (TRIES - 1) * SECONDS_PER_TRY)

    def fail(self, address: str) -> None:
        """Count a try that failed."""
        now = time.monotonic()
        self._spent_until[address] = max(now, self._spent_until.pop(address, 0.0)) + SECONDS_PER_TRY
        if len(self._spent_until) > _MOST_ADDRESSES:
            self._spent_until.popitem(last=False)
