"""What is known of the challenger so far by weeks that are over, in a sentence among the reasons of a decision.

A version is decided on when it is registered, and nothing was said by it before. So the sentence is of the version that
has been the challenger until then, and it is no part of any rule.
"""

from collections.abc import Sequence

from data.snapshots import ModelReference
from data.snapshots.scorer_record import Figure
from data.snapshots.track_record import ChallengerRecord

LEAST_WEEKS = 4
"""Of fewer weeks nothing is said."""


def live_reasons(
    records: Sequence[ChallengerRecord], challenger: ModelReference | None, champion: ModelReference
) -> tuple[str, ...]:
    """One sentence, or none where too little is known of these two beside each other.

    Args:
        records: Of challengers, from the question's track record.
        challenger: The challenger so far; None if there is none.
        champion: The champion so far.
    """
    if challenger is None:
        return ()
    pair = challenger.name, challenger.version, champion.version
    return tuple(
        f"version {each.model_version}, the challenger so far, beside version {each.champion_version} on {each.weeks} "
        f"weeks that are over, up to {each.last_week:%G-W%V}: {_figures(each)}; this is told and decides nothing"
        for each in records
        if (each.model_name, each.model_version, each.champion_version) == pair and each.weeks >= LEAST_WEEKS
    )


def _figures(record: ChallengerRecord) -> str:
    figures = (
        ("average precision", "average_precision", record.average_precision_difference),
        ("mean squared error", "brier", record.brier_difference),
    )
    return ", ".join(
        f"{title} {_value(record, 'challenger', name)} against {_value(record, 'champion', name)}, difference "
        f"{difference.value:.4f} [{difference.low:.4f}, {difference.high:.4f}]"
        for title, name, difference in figures
        if difference is not None
    )


def _value(record: ChallengerRecord, scorer: str, name: str) -> str:
    figure: Figure | None = getattr(getattr(record, scorer), name)
    return "unknown" if figure is None else f"{figure.value:.4f}"
