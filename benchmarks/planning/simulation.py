"""A store that orders once a week, as the VN2 inventory planning challenge counts it.

An order placed at the end of a week arrives at the start of the week after the lead time: with two weeks of lead time,
that of week 1 is on the shelf from the start of week 4. What is wanted and not there is lost. Each unit lost costs
``SHORTAGE``, each unit that is there at the end of a week ``HOLDING``; units on their way cost nothing.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray

SHORTAGE, HOLDING = 1.0, 0.2
DRAWS = 2_000

Policy = Callable[[int, DoubleArray, DoubleArray], DoubleArray]
"""From the number of the week that ended, units on hand and units on their way, to what is ordered, per product."""


@dataclass(frozen=True)
class Outcome:
    """What became of each product, over all weeks that count; shape ``(products,)`` each.

    Attributes:
        wanted: Units that customers wanted.
        lost: Of these, those that were not there.
        held: Units at the ends of weeks, each week anew.
        weeks: Weeks that count.
        weeks_without_loss: Of these, those in which nothing was lost.
    """

    wanted: DoubleArray
    lost: DoubleArray
    held: DoubleArray
    weeks: DoubleArray
    weeks_without_loss: DoubleArray

    @property
    def shortage(self) -> DoubleArray:
        """Cost of what was lost."""
        return SHORTAGE * self.lost

    @property
    def holding(self) -> DoubleArray:
        """Cost of what was there."""
        return HOLDING * self.held

    @property
    def cost(self) -> DoubleArray:
        """Of both."""
        return self.shortage + self.holding

    @property
    def fill_rate(self) -> float:
        """Share of what was wanted that was there."""
        return 1 - float(self.lost.sum() / self.wanted.sum())

    @property
    def service_level(self) -> float:
        """Share of the weeks in which nothing was lost."""
        return float(self.weeks_without_loss.sum() / self.weeks.sum())

    def difference(self, benchmark: "Outcome", seed: int) -> tuple[float, float, float]:
        """Total cost over that of the benchmark less 1, with the 95 % interval over draws of products."""
        products = len(self.cost)
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(products, np.full(products, 1 / products), DRAWS).astype(np.float64)
        low, high = np.percentile(drawn @ self.cost / (drawn @ benchmark.cost) - 1, [2.5, 97.5])
        return float(self.cost.sum() / benchmark.cost.sum() - 1), float(low), float(high)


def simulate(
    wanted: DoubleArray, counts: BoolArray, policy: Policy, weeks: range, warm_up: int, lead_time_weeks: int
) -> Outcome:
    """Order week by week; the store begins empty, and the first weeks are not counted.

    Args:
        wanted: Units that customers wanted, shape ``(products, weeks)``; NaN where not known, and then none.
        counts: Where what happens is counted, of the same shape.
        policy: What is ordered.
        weeks: Those that are counted.
        warm_up: Weeks before them that are lived through too.
        lead_time_weeks: At least 0.
    """
    products = len(wanted)
    total, lost, held, lived, without_loss, stock = (np.zeros(products) for _ in range(6))
    on_the_way = deque(np.zeros(products) for _ in range(lead_time_weeks + 1))
    for week in range(weeks.start - warm_up, weeks.stop):
        stock = stock + on_the_way.popleft()
        units = np.nan_to_num(wanted[:, week])
        sold = np.minimum(stock, units)
        stock = stock - sold
        counted = counts[:, week] & (week >= weeks.start)
        total += np.where(counted, units, 0)
        lost += np.where(counted, units - sold, 0)
        held += np.where(counted, stock, 0)
        lived += counted
        without_loss += counted & (sold == units)
        on_the_way.append(policy(week, stock, sum(on_the_way, np.zeros(products))))
    return Outcome(total, lost, held, lived, without_loss)
