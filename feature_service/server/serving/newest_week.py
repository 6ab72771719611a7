"""What is answered for the newest week of a snapshot, with one set of recorded counts or none."""

from collections.abc import Sequence

from feature_service.bundle import Contract
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.ranked_list import Categories
from feature_service.server.scoring.recorded_counts import Counts
from feature_service.server.scoring.recount import with_counts
from feature_service.server.serving.entries import feature_entries, risk_entries
from feature_service.server.serving.pages import Pages
from feature_service.server.serving.responses import Writer

MAX_KEPT_BYTES = 256 * 1024 * 1024
"""Of encoded risks, and of encoded features: a million products take some 120 MB each, more with reasons."""


class NewestWeek:
    """The products' answers, encoded when asked for and then kept, and their ranked list.

    Args:
        assessor: Has the products and their answers.
        writer: Writes those products.
        contract: The model's.
        categories: Those of the products.
        changed: Products that are answered otherwise than in the state that this one was made of.
    """

    def __init__(
        self,
        assessor: Assessor,
        writer: Writer,
        contract: Contract,
        categories: Categories,
        changed: Sequence[str] = (),
    ) -> None:
        self.assessor, self.writer = assessor, writer
        self.risks = risk_entries(assessor, writer, MAX_KEPT_BYTES)
        self.features = feature_entries(assessor, writer, MAX_KEPT_BYTES)
        self.pages = Pages(assessor, contract, writer, categories)
        self._contract, self._categories = contract, categories
        self._changed = changed

    def with_counts(self, counts: Counts) -> "NewestWeek":
        """The same week with newer counts, whose products are answered and encoded here, which may take long.

        Before it is answered from, it takes over what is kept by :meth:`take_over`.
        """
        changed = [self.assessor.panel.product_ids[row] for row in counts.rows.tolist()]
        assessor = with_counts(self.assessor, counts)
        writer = Writer(assessor, alike=self.writer)
        after = NewestWeek(assessor, writer, self._contract, self._categories, changed)
        after.risks.keep(changed, writer.risk_entries(assessor.newest_answers(counts.rows)))
        return after

    def take_over(self, before: "NewestWeek") -> None:
        """Go on keeping what ``before`` has encoded, which this was made of; that one encodes anew from now on."""
        before.risks, self.risks = self.risks, before.risks.moved(self.risks, self._changed)
        before.features, self.features = self.features, before.features.moved(self.features, self._changed)
        self._changed = ()
