"""The ranked list of a snapshot, page by page."""

from functools import cached_property

import numpy as np
from stockout.v1.provenance_pb2 import Provenance

from feature_service.bundle import Contract
from feature_service.server.errors import InvalidFieldError
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.queries import ListQuery, RankFilter
from feature_service.server.scoring.ranked_list import Categories, RankedList, RankedRows, sort_keys
from feature_service.server.serving import responses
from feature_service.server.serving.page_token import PageToken, digest
from feature_service.server.serving.responses import Writer


class Pages:
    """The list of one assessor's products, ranked when the first page is asked for.

    Args:
        assessor: Has the products and their answers.
        contract: The model's.
        writer: Writes those products.
        categories: Those of the products.
    Attributes:
        gave_token: Whether somebody may ask for a next page.
    """

    def __init__(self, assessor: Assessor, contract: Contract, writer: Writer, categories: Categories) -> None:
        self._assessor, self._contract, self._writer, self._categories = assessor, contract, writer, categories
        self.gave_token = False

    def page(self, query: ListQuery, provenance: Provenance) -> bytes:
        """An encoded ListStockoutRisksResponse; a page token must be one of this list.

        Raises:
            InvalidFieldError: If the page token was given for another query.
        """
        filter_digest = digest(repr(query.filter).encode())
        first = 0
        if query.page_token:
            token = PageToken.read(query.page_token)
            if token.query != filter_digest:
                raise InvalidFieldError("page_token", "must come with the filters and the order it was given for")
            first = token.offset
        rows = self._listed(query.filter)
        last = min(first + query.page_size, len(rows))
        token_text = ""
        if last < len(rows):
            self.gave_token = True
            token_text = PageToken(provenance.snapshot_id, provenance.counts_version, filter_digest, last).text()
        writer = self._writer.including(challenger=query.include_challenger)
        ranked = writer.ranked(self._assessor.newest_answers(rows[first:last].astype(np.intp)), first + 1)
        return responses.list_response(provenance, ranked, token_text, len(rows))

    def _listed(self, rank_filter: RankFilter) -> RankedRows:
        if rank_filter.evidence not in ("", self._contract.label.evidence):
            return np.empty(0, np.int32)
        return self._ranked_list.rows(rank_filter)

    @cached_property
    def _ranked_list(self) -> RankedList:
        answers = self._assessor.newest_answers(np.arange(len(self._assessor)))
        scored = answers.scores.probabilities
        keys = sort_keys(scored, answers.scores.run_out, answers.figures)
        out_of_stock = self._assessor.stock_outs.worst_first()
        return RankedList(scored, answers.alerts, self._categories, keys, out_of_stock)
