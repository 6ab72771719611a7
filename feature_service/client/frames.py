"""Answers as pandas DataFrames. Imported only when needed: most callers have no use for pandas."""

from collections.abc import Sequence
from dataclasses import fields

from pandas import DataFrame

from feature_service.client.results import ProductRisk

__all__ = ["DataFrame", "frame_of"]


def frame_of(results: Sequence[ProductRisk]) -> DataFrame:
    """A row for each product, in their order; ``error`` is the reason why there is no risk."""
    columns = [field.name for field in fields(ProductRisk) if field.name != "suggested_order"]
    frame = DataFrame([[getattr(each, name) for name in columns] for each in results], columns=columns)
    frame["error"] = [None if each.error is None else each.error.reason for each in results]
    frame["order_units"] = [each.suggested_order.units if each.suggested_order else None for each in results]
    return frame
