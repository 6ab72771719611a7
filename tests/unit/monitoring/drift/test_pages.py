import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from data.panel import LOCATION, PRICE_MEAN
from monitoring.drift import watch
from monitoring.drift.errors import EvidentlyMissingError
from monitoring.drift.report.evidently_page import frames, write_evidently_page
from monitoring.drift.report.page import page_of
from tests.support.drift import Fields, changed, of_shop, steady_panel

PANEL = steady_panel()


def shop_sends_cents(fields: Fields) -> None:
    fields[PRICE_MEAN][of_shop(PANEL, "2"), -2:] *= 100


def test_the_page_says_what_was_found_loads_nothing_and_takes_names_for_text() -> None:
    panel = changed(PANEL, shop_sends_cents)
    shops = tuple("<b>2</b>\x1b" if shop == "2" else shop for shop in panel.groups[LOCATION])
    page = page_of(watch(dataclasses.replace(panel, groups={LOCATION: shops})))
    assert "price_mean of location &lt;b&gt;2&lt;/b&gt;\\x1b: level x100" in page
    assert "a refresh is asked for" in page
    assert "<b>2" not in page
    assert "\x1b" not in page
    assert not any(word in page for word in ("<script", "http://", "https://", 'src="/', "<link"))


def test_without_evidently_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evidently", None)
    with pytest.raises(EvidentlyMissingError, match=r"pip install 'stockout-risk\[pipeline,evidently\]'"):
        write_evidently_page(PANEL, "seed-18", tmp_path / "page.html")


def test_evidently_gets_the_newest_week_and_the_reference_weeks() -> None:
    current, reference = frames(PANEL, "seed-18")
    assert len(current) == len(PANEL.product_ids)
    assert len(reference) == 8 * len(PANEL.product_ids)
    assert (current["units_sold"].to_numpy() == PANEL.fields["units_sold"][:, -1]).all()
    weeks_before = PANEL.fields["units_sold"][:, -10:-2]
    assert np.array_equal(reference["units_sold"].to_numpy(), weeks_before.reshape(-1))
    assert {"price_mean", "units_on_hand", "sales_qtd_roll_mean_4"} <= set(current.columns)
