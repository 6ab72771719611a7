import datetime as dt
from dataclasses import replace

import pytest

from training.evaluation.comparison import Comparison
from training.evaluation.newest_weeks import Continuity, NewestWeeks
from training.metrics.bootstrap import Interval
from training.registry.lineage import Lineage
from training.registry.promotion import (
    FIRST,
    REFRESH,
    REPLACEMENT,
    case_of,
    decide_first,
    should_refresh,
    should_replace,
)

BETTER = Comparison(Interval(0.05, 0.02, 0.08), Interval(0.0, -0.01, 0.01))
NOISE = Comparison(Interval(0.01, -0.01, 0.03), Interval(0.0, -0.01, 0.01))
WORSE_CALIBRATED = Comparison(Interval(0.05, 0.02, 0.08), Interval(0.02, 0.01, 0.03))
RULES = {"base rate": BETTER, "days of cover": Comparison(Interval(0.05, 0.02, 0.08), None)}

SAME = Comparison(Interval(0.0, 0.0, 0.0), Interval(0.0, 0.0, 0.0))
WHOLE = Continuity(rows_kept=1.0, outcomes_kept=1.0, newest_rows=1.0)
# the champion's gain over chance is 0.2: as measured 0.02 may be lost, at the lower end 0.1
NEWEST = NewestWeeks(12, 4, 300, 0.05, Interval(0.25, 0.20, 0.30), SAME, WHOLE)
LINEAGE = Lineage("lightgbm", {"num_leaves": 7}, "stock-1", (), 150_000, 15, dt.date(2024, 6, 3))
NEXT_WEEK = dt.date(2024, 6, 10)


def newest(precision: Interval, error: Interval = SAME.average_precision) -> NewestWeeks:
    return replace(NEWEST, over_champion=Comparison(precision, error))


def test_a_challenger_that_is_better_beyond_the_noise_replaces_the_champion() -> None:
    decision = should_replace(BETTER, RULES)
    assert decision.promote
    assert "above the champion's by more than the noise: difference 0.0500 [0.0200, 0.0800]" in decision.reasons[0]


def test_a_gain_within_the_noise_is_no_gain() -> None:
    decision = should_replace(NOISE, RULES)
    assert not decision.promote
    assert decision.reasons == (
        "its average precision is not above the champion's by more than the noise: difference 0.0100 [-0.0100, 0.0300]",
    )


def test_a_better_ranking_does_not_make_up_for_a_worse_calibration() -> None:
    decision = should_replace(WORSE_CALIBRATED, RULES)
    assert not decision.promote
    assert "its calibration error is above the champion's" in decision.reasons[0]


def test_a_replacement_that_does_not_beat_every_rule_stays_challenger_and_names_the_rule() -> None:
    decision = should_replace(BETTER, {**RULES, "TSB": NOISE})
    assert not decision.promote
    assert "'TSB'" in decision.reasons[0]


def test_every_objection_is_told_at_once() -> None:
    assert len(should_replace(NOISE, {"TSB": NOISE, "base rate": NOISE}).reasons) == 3
    broken = replace(newest(Interval(-0.2, -0.3, -0.1), Interval(0.05, 0.04, 0.06)), continuity=Continuity(0.5, 0, 0.5))
    assert len(should_refresh(broken, {}).reasons) == 5


def test_without_common_weeks_the_champion_stays_and_the_way_out_is_told() -> None:
    decision = should_replace(None, RULES)
    assert not decision.promote
    assert decision.reasons == (
        "it has no out-of-fold weeks in common with the champion: backtest over more weeks, or refresh the champion by "
        "a run of its own recipe first",
    )


def test_the_first_model_becomes_champion_and_says_that_it_beats_every_rule() -> None:
    decision = decide_first(RULES)
    assert decision.promote
    assert decision.reasons[-1] == "it beats every rule by more than the noise"


def test_the_first_model_becomes_champion_and_says_plainly_which_rule_it_does_not_beat() -> None:
    decision = decide_first({**RULES, "TSB": NOISE})
    assert decision.promote
    assert "first model" in decision.reasons[0]
    assert "not above that of 'TSB'" in decision.reasons[1]


def test_the_same_recipe_on_a_later_week_is_a_refresh() -> None:
    assert case_of(replace(LINEAGE, last_week=NEXT_WEEK), LINEAGE) == REFRESH
    assert case_of(LINEAGE, None) == FIRST


def test_the_same_recipe_on_no_later_week_has_to_earn_its_place() -> None:
    assert case_of(LINEAGE, LINEAGE) == REPLACEMENT
    assert case_of(LINEAGE, replace(LINEAGE, last_week=NEXT_WEEK)) == REPLACEMENT


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"estimator": "xgboost"}, "estimator"),
        ({"parameters": {"num_leaves": 8}}, "parameters"),
        ({"feature_set": "sales-2"}, "feature set"),
        ({"features": ("units_on_hand",)}, "features"),
        ({"row_budget": 1_000}, "row budget"),
        ({"calibration_weeks": 8}, "weeks of calibration"),
    ],
)
def test_another_recipe_is_a_replacement_and_says_in_what_it_differs(changed: dict[str, object], told: str) -> None:
    challenger = replace(LINEAGE, last_week=NEXT_WEEK, **changed)  # type: ignore[arg-type]
    assert case_of(challenger, LINEAGE) == REPLACEMENT
    assert challenger.differences(LINEAGE) == (told,)


def test_what_a_version_of_before_does_not_say_is_taken_to_be_the_same() -> None:
    before = replace(LINEAGE, row_budget=None, calibration_weeks=None)
    assert case_of(replace(LINEAGE, last_week=NEXT_WEEK), before) == REFRESH


def test_a_refresh_that_is_as_good_as_the_champion_takes_its_place_though_it_beats_no_rule() -> None:
    decision = should_refresh(NEWEST, {"TSB": NOISE})
    assert decision.promote
    assert "the newest 12 weeks (4 of them later than the champion's training)" in decision.reasons[0]
    assert "margins -0.0200 as measured, -0.1000 at the lower end" in decision.reasons[1]
    assert "'TSB'" in decision.reasons[-1]


def test_a_refresh_may_be_worse_within_the_margins_and_not_beyond() -> None:
    assert should_refresh(newest(Interval(-0.019, -0.099, 0.05)), {}).promote
    for beyond in (Interval(-0.021, -0.022, -0.020), Interval(0.0, -0.101, 0.1)):
        decision = should_refresh(newest(beyond), {})
        assert not decision.promote
        assert "its average precision is below the champion's on the newest 12 weeks" in decision.reasons[0]


def test_a_refresh_whose_probabilities_mean_less_is_refused() -> None:
    even = Interval(0.0, 0.0, 0.0)
    assert should_refresh(newest(even, Interval(0.009, 0.0, 0.029)), {}).promote
    for beyond in (Interval(0.011, 0.010, 0.012), Interval(0.0, -0.01, 0.031)):
        decision = should_refresh(newest(even, beyond), {})
        assert not decision.promote
        assert "its calibration error is above the champion's" in decision.reasons[0]


def test_a_champion_that_is_no_better_than_chance_has_nothing_to_lose() -> None:
    by_chance = replace(newest(Interval(-0.001, -0.05, 0.05)), champion=Interval(0.06, 0.04, 0.09))
    decision = should_refresh(by_chance, {})
    assert decision.promote
    assert "no margin, since the champion is not above chance" in decision.reasons[1]


@pytest.mark.parametrize(
    ("continuity", "told"),
    [
        (replace(WHOLE, rows_kept=0.5), "its data hold 50% of the rows that the champion predicted"),
        (replace(WHOLE, outcomes_kept=0.02), "of the rarer outcomes in the weeks of both 2% are what they were"),
        (
            replace(WHOLE, newest_rows=0.48),
            "a week after the champion's training holds 48% of the rows of the week before it",
        ),
    ],
)
def test_a_refresh_from_suspicious_data_is_refused_however_good_it_is(continuity: Continuity, told: str) -> None:
    better = replace(newest(Interval(0.1, 0.05, 0.15)), continuity=continuity)
    decision = should_refresh(better, {})
    assert not decision.promote
    assert told in decision.reasons[0]


def test_a_refresh_is_not_judged_by_a_handful_of_outcomes() -> None:
    few = replace(NEWEST, rarer=4)
    none = replace(NEWEST, rarer=0, champion=None, over_champion=None)
    for each in (few, none):
        decision = should_refresh(each, {})
        assert not decision.promote
        assert f"hold {each.rarer} rows with the rarer outcome, and at least 5 are needed" in decision.reasons[0]
