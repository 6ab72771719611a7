from training.evaluation.comparison import Comparison
from training.metrics.bootstrap import Interval
from training.registry.promotion import should_promote

BETTER = Comparison(Interval(0.05, 0.02, 0.08), Interval(0.0, -0.01, 0.01))
NOISE = Comparison(Interval(0.01, -0.01, 0.03), Interval(0.0, -0.01, 0.01))
WORSE_CALIBRATED = Comparison(Interval(0.05, 0.02, 0.08), Interval(0.02, 0.01, 0.03))
RULES = {"base rate": BETTER, "days of cover": Comparison(Interval(0.05, 0.02, 0.08), None)}


def test_a_challenger_that_is_better_beyond_the_noise_becomes_champion() -> None:
    decision = should_promote(has_champion=True, over_champion=BETTER, over_rules=RULES)
    assert decision.promote
    assert "above the champion's by more than the noise: difference 0.0500 [0.0200, 0.0800]" in decision.reasons[0]


def test_a_gain_within_the_noise_is_no_gain() -> None:
    decision = should_promote(has_champion=True, over_champion=NOISE, over_rules=RULES)
    assert not decision.promote
    assert decision.reasons == (
        "its average precision is not above the champion's by more than the noise: difference 0.0100 [-0.0100, 0.0300]",
    )


def test_the_champion_itself_trained_again_is_no_better_than_the_champion() -> None:
    same = Comparison(Interval(0.0, 0.0, 0.0), Interval(0.0, 0.0, 0.0))
    assert not should_promote(has_champion=True, over_champion=same, over_rules=RULES).promote


def test_a_better_ranking_does_not_make_up_for_a_worse_calibration() -> None:
    decision = should_promote(has_champion=True, over_champion=WORSE_CALIBRATED, over_rules=RULES)
    assert not decision.promote
    assert "its calibration error is above the champion's" in decision.reasons[0]


def test_a_challenger_that_does_not_beat_every_rule_stays_challenger_and_names_the_rule() -> None:
    decision = should_promote(has_champion=True, over_champion=BETTER, over_rules={**RULES, "TSB": NOISE})
    assert not decision.promote
    assert "'TSB'" in decision.reasons[0]


def test_every_objection_is_told_at_once() -> None:
    decision = should_promote(has_champion=True, over_champion=NOISE, over_rules={"TSB": NOISE, "base rate": NOISE})
    assert len(decision.reasons) == 3


def test_without_common_weeks_the_champion_stays_and_the_way_out_is_told() -> None:
    decision = should_promote(has_champion=True, over_champion=None, over_rules=RULES)
    assert not decision.promote
    assert decision.reasons == ("it has no out-of-fold weeks in common with the champion: backtest over more weeks",)


def test_the_first_model_becomes_champion_and_says_that_it_beats_every_rule() -> None:
    decision = should_promote(has_champion=False, over_champion=None, over_rules=RULES)
    assert decision.promote
    assert decision.reasons[-1] == "it beats every rule by more than the noise"


def test_the_first_model_becomes_champion_and_says_plainly_which_rule_it_does_not_beat() -> None:
    decision = should_promote(has_champion=False, over_champion=None, over_rules={**RULES, "TSB": NOISE})
    assert decision.promote
    assert "first model" in decision.reasons[0]
    assert "not above that of 'TSB'" in decision.reasons[1]
