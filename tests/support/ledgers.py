"""The ledger of alerts, as runs write it, with a few episodes."""

import datetime as dt

from data.state.database import open_database
from monitoring.outcomes.alerts import ProductEpisode
from monitoring.outcomes.episodes import Alert, Fate, episodes_of
from monitoring.outcomes.ledger import reconcile
from monitoring.outcomes.predictions import PREDICTION_COLUMNS
from tests.support.outcomes import note, until, week

NOW = dt.datetime(2024, 9, 1, tzinfo=dt.UTC)


def write_ledger(url: str, question: str, *product_ids: str) -> None:
    """Three warnings of each product: one that came true in its second week, one that did not, and one that is open."""
    fates = {0: Fate.DID_NOT, 1: Fate.CAME_TRUE, 4: Fate.DID_NOT, 8: Fate.OPEN}
    days, reasons = {Fate.CAME_TRUE: week(3)}, {Fate.OPEN: "no data"}
    alerts = [Alert(week(at), until(at, 14), fate, days.get(fate), reasons.get(fate, "")) for at, fate in fates.items()]
    said = dict.fromkeys(PREDICTION_COLUMNS) | {"alert_probability": 0.25}
    found = [
        ProductEpisode(product, each, said, note(0), highest_probability=0.75)
        for product in product_ids
        for each in episodes_of(alerts, week(8))
    ]
    reconcile(open_database(url), question, found, {week(number) for number in range(9)}, NOW)
