"""What runs have to say, made up."""

import datetime as dt
from typing import Any

from monitoring.notifications.digest import Alert, Digest, ResolvedAlert, Run

MONDAY = dt.datetime(2018, 8, 27, 6, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


def alert(product: str = "SKU-1", episode: str = "1", **values: Any) -> Alert:
    """An alert of which little is known."""
    return Alert(
        **{"question": "inventory", "product_id": product, "episode_id": episode, "probability": 0.8, **values}
    )


def resolved(product: str = "SKU-1", episode: str = "1", outcome: str = "40 units came in") -> ResolvedAlert:
    """An alert that has ended."""
    return ResolvedAlert(question="inventory", product_id=product, episode_id=episode, outcome=outcome)


def digest(
    run_id: str = "run-1", at: dt.datetime = MONDAY, questions: tuple[str, ...] = ("inventory",), **facts: Any
) -> Digest:
    """What a run says."""
    run = Run(
        run_id=run_id,
        at=at,
        questions=questions,
        as_of=at.date() - dt.timedelta(days=1),
        snapshots=dict.fromkeys(questions, f"snapshot-{run_id}"),
    )
    return Digest(run=run, **facts)
