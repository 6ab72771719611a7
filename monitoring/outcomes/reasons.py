"""Why the outcome of an alert is open or cannot be known: every sentence that the ledger may hold."""

import datetime as dt
from enum import StrEnum


class OutcomeReason(StrEnum):
    """A sentence in which ``{}`` stands for a day; whoever shows it may know them by heart in another language."""

    DATA_END = "the data end on {}; it looks ahead to the {}"
    DATA_ENDED = "the data end on {}, before the {} that it looked ahead to"
    NO_DATA = "no data tell of it yet; it looks ahead to the {}"
    NO_DATA_CAME = "no data tell of it yet, before the {} that it looked ahead to"
    PRODUCT_GONE = "the newest data no longer have the product"
    NOT_COUNTED = "no count, or no other record, tells of every week from {} to {}"
    RECEIVED = "received on {}: without what came it would have run out on {}"
    MAY_CONTINUE = "an alert of {} may continue it, which is not known yet"
    ACTED_UPON = "acted upon on {}"

    def on(self, *days: dt.date) -> str:
        """With its days."""
        return self.value.format(*days)

    @property
    def beginning(self) -> str:
        """What a sentence of this kind begins with."""
        return self.value.partition("{}")[0]
