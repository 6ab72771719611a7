"""Why one product cannot be answered, while its neighbours can.

ProductError
├── UnknownProductError      the snapshot has never seen the id
├── WrongShardError          another server holds the id, if the snapshot has it
├── ExcludedProductError     known, but no sale of it counts
├── NotLaunchedError         nothing was sold or counted yet
├── ShortHistoryError        too few weeks since its launch
├── OutOfStockError          nothing is on the shelf already
└── NotEligibleError         the label does not apply
"""

import datetime as dt

from feature_service.server.errors import AnswerError


class ProductError(AnswerError):
    """One product cannot be answered."""


class UnknownProductError(ProductError):
    """The snapshot has never seen the id."""

    def __init__(self) -> None:
        super().__init__("no such product in the snapshot")


class WrongShardError(ProductError):
    """Another server holds the id, if the snapshot has it."""

    def __init__(self, shard: int, shard_count: int, served_shard: int) -> None:
        super().__init__(
            f"the product, if there is one, is in shard {shard} of {shard_count}, and this server holds shard "
            f"{served_shard}: ask the server of {shard}/{shard_count}",
            shard=shard,
            shard_count=shard_count,
            served_shard=served_shard,
        )


class ExcludedProductError(ProductError):
    """The id is known, but no sale of it counts."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the product is known, but no sale of it counts: {cause}", cause=cause)


class NotLaunchedError(ProductError):
    """The first sale came after ``as_of``."""

    def __init__(self, week: dt.date) -> None:
        super().__init__(f"the product's first sale came after the week of {week}", as_of_week=week)


class ShortHistoryError(ProductError):
    """Too few weeks since the first sale."""

    def __init__(self, needed_weeks: int, known_weeks: int) -> None:
        super().__init__(
            f"the model needs {needed_weeks} weeks since the first sale, there are {known_weeks}",
            needed_weeks=needed_weeks,
            known_weeks=known_weeks,
        )


class OutOfStockError(ProductError):
    """There is nothing left that could run out.

    Attributes:
        suggested_order: What to order, as the bytes of its message, which whoever writes answers gives; else empty.
        next_delivery: What comes next, likewise.
    """

    suggested_order = b""
    next_delivery = b""

    def __init__(
        self,
        since: dt.date | None,
        units_lost_per_week: float | None,
        revenue_lost_per_week: float | None,
        category: str = "",
        *,
        count_recorded: bool = False,
    ) -> None:
        self.since, self.category, self.count_recorded = since, category, count_recorded
        self.units_lost_per_week, self.revenue_lost_per_week = units_lost_per_week, revenue_lost_per_week
        facts = {
            "since": since,
            "units_lost_per_week": units_lost_per_week,
            "revenue_lost_per_week": revenue_lost_per_week,
        }
        began = f" since {since}" if since else ""
        units = "" if units_lost_per_week is None else f", which loses about {units_lost_per_week:.1f} units a week"
        revenue = "" if revenue_lost_per_week is None else f", worth {revenue_lost_per_week:,.2f}"
        super().__init__(
            f"the product is out of stock{began}{units}{revenue}",
            **{name: fact for name, fact in facts.items() if fact is not None},
        )


class NotEligibleError(ProductError):
    """The label does not apply, so a probability would mean nothing."""

    def __init__(self, label: str, description: str) -> None:
        super().__init__(f"the label {label} does not apply to the product in this week: {description}", label=label)
