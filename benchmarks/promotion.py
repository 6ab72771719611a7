"""What the rule of a refresh is worth: histories replayed week by week, ``python -m benchmarks.promotion [NAME ...]``.

Every week the model of each policy predicts the week that follows: the first one for ever (frozen), the champion that
the rule lets in every week or every four weeks (refreshed), and the newest without asking (always newest). The three
public data sets are taken from ``STOCKOUT_REAL_DATA`` or ``../shared/data``; the fourth history is simulated, and its
market turns for good after ``benchmarks.markets.TURN.week`` weeks. Then refreshes that went wrong are put before the
rule. Status 1 if it lets one of them through.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.broken_runs import BROKEN
from benchmarks.machine import machine
from benchmarks.markets import MARKETS, SIMULATED, TURN, Market, Version
from benchmarks.model import SEED
from data.weeks import monday, week_number
from feature_service.kernel.arrays import FloatArray, IntArray
from training.backtest.rolling import truth_of
from training.baselines.past_rows import PanelRows
from training.baselines.rules import rules_for
from training.evaluation.newest_weeks import NewestWeeks, compare_newest_weeks, scores_since
from training.metrics.figures import Measurements, measure
from training.metrics.truth import BASE_RATE, ScorerOutput
from training.metrics.yardstick import Yardstick
from training.registry.promotion import Decision, should_refresh

YARDSTICK = Yardstick(seed=SEED)
WEEKS_BEFORE = {"store_inventory": 14}
_WEEKS_BEFORE = 30
RULE = {"inventory": "days of cover", "availability": "out share of 26 weeks", "zero_sales": "TSB"}
BLOCK_WEEKS = 14
AGE_OF_CHAMPION = 4
FROZEN, WEEKLY, MONTHLY, NEWEST = "frozen", "refreshed weekly", "refreshed every 4 weeks", "always newest"
EVERY: Mapping[str, int | None] = {FROZEN: None, WEEKLY: 1, MONTHLY: 4, NEWEST: 1}


@dataclass
class Replay:
    """What a policy predicted, and what it decided on the way.

    Attributes:
        probability: Of every row of the market; NaN where it did not predict.
        decisions: With the week, and what each rested on.
    """

    probability: FloatArray
    decisions: list[tuple[int, Decision, NewestWeeks]] = field(default_factory=list)


def main() -> None:
    """Replay every history and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(case.name for case in MARKETS)}; by default all")
    names = parser.parse_args().names
    print(machine())
    passed = []
    for case in MARKETS:
        if not names or case.name in names:
            with tempfile.TemporaryDirectory() as temporary:
                passed += _replayed(Market(case, Path(temporary)))
    if passed:
        sys.exit(f"the rule let through: {', '.join(passed)}")


def refresh(challenger: Version, champion: Version) -> tuple[Decision, NewestWeeks]:
    """What the rule of a refresh says of a challenger, by the code that a run uses."""
    since = scores_since(champion.week, challenger.predictions, challenger.rows, champion.predict)
    newest = compare_newest_weeks(challenger.predictions, champion.predictions, since, YARDSTICK)
    return should_refresh(newest, {}), newest


def _replayed(market: Market) -> list[str]:
    """Print all of one market; returns what was let through though it was broken."""
    started, case, rows = time.perf_counter(), market.case, market.rows
    before = WEEKS_BEFORE.get(case.name, _WEEKS_BEFORE)
    weeks = range(int(rows.week.min()) + before, int(rows.week[np.isfinite(rows.outcome)].max()) + 1)
    print(f"\n{case.name}: {case.label} from {case.feature_set}, weeks {monday(weeks[0])} .. {monday(weeks[-1])}")
    if case is SIMULATED:
        print(f"the market turns in the week of {market.panel.weeks[TURN.week]}")
    replays = {name: _replay(market, weeks, name) for name in EVERY}
    for line in _table(market, weeks, replays):
        print(line)
    for name in (WEEKLY, MONTHLY):
        _print_decisions(name, replays[name])
    passed = _break(market, weeks)
    print(f"{time.perf_counter() - started:.0f} s", flush=True)
    return passed


def _replay(market: Market, weeks: range, policy: str) -> Replay:
    champion, every = market.version(weeks[0]), EVERY[policy]
    replay = Replay(np.full(len(market.rows), np.nan, dtype=np.float32))
    for week in weeks:
        if every is not None and week > weeks[0] and (week - weeks[0]) % every == 0:
            challenger = market.version(week)
            if policy == NEWEST:
                champion = challenger
            else:
                decision, newest = refresh(challenger, champion)
                replay.decisions.append((week, decision, newest))
                champion = challenger if decision.promote else champion
        rows = market.rows_of_week(week)
        replay.probability[rows] = champion.predict(market.rows.features(rows))
    return replay


def _table(market: Market, weeks: range, replays: Mapping[str, Replay]) -> Iterator[str]:
    yield " | ".join(["weeks", "rows", "base rate", RULE[market.case.label], *replays])
    blocks = [weeks[first : first + BLOCK_WEEKS] for first in range(0, len(weeks), BLOCK_WEEKS)]
    for block in [*blocks, weeks] if len(blocks) > 1 else blocks:
        rows = np.flatnonzero(
            np.isfinite(market.rows.outcome) & (market.rows.week >= block[0]) & (market.rows.week <= block[-1])
        )
        figures = _measured(market, rows, replays)
        cells = [f"{monday(block[0])} +{len(block)}", f"{len(rows):,}", f"{market.rows.outcome[rows].mean():.3f}"]
        cells.append(str(figures[RULE[market.case.label]]["average_precision"].interval()))
        yield " | ".join([*cells, *(_cell(figures[name], figures[FROZEN]) for name in replays)])


def _cell(of_policy: Measurements, of_frozen: Measurements) -> str:
    """Average precision with its interval, or its difference to the frozen model's; and the calibration error."""
    precision, error = of_policy["average_precision"], of_policy["calibration_error"].value
    if of_policy is of_frozen:
        return f"{precision.interval()}; {error:.4f}"
    less = precision.minus(of_frozen["average_precision"]).interval()
    return f"{precision.value:.4f}, {less.value:+.4f} [{less.low:+.4f}, {less.high:+.4f}]; {error:.4f}"


def _measured(market: Market, rows: IntArray, replays: Mapping[str, Replay]) -> dict[str, Measurements]:
    of_panel = PanelRows(
        market.panel, market.rows.product[rows], market.rows.week[rows] - int(week_number(market.panel.weeks[:1])[0])
    )
    (rule,) = (each for each in rules_for(market.panel) if each.name == RULE[market.case.label])
    score = of_panel.take(rule.score)
    outcome = market.rows.outcome[rows]
    scorers = {name: ScorerOutput(replay.probability[rows], True) for name, replay in replays.items()}
    scorers[rule.name] = ScorerOutput(np.where(np.isnan(score), np.nanmin(score), score).astype(np.float32), False)
    scorers[BASE_RATE] = ScorerOutput(np.full(len(rows), outcome.mean(), dtype=np.float32), True)
    truth = truth_of(market.rows, of_panel, rows)
    return measure(truth.take(np.arange(len(rows))), scorers, YARDSTICK)


def _print_decisions(name: str, replay: Replay) -> None:
    """How many refreshes came through, and how close to the margins the healthy ones came."""
    through = sum(decision.promote for _, decision, _ in replay.decisions)
    print(f"{name}: {through} of {len(replay.decisions)} promoted; {_closest([each[2] for each in replay.decisions])}")
    refused = [(week, decision) for week, decision, _ in replay.decisions if not decision.promote]
    for week, decision in refused[:3]:
        print(f"  {monday(week)} refused: {'; '.join(decision.reasons)}")


def _closest(newest: list[NewestWeeks]) -> str:
    """The ends of the intervals that the margins are held against, the worst of some decisions first."""
    values, lows = (sorted(_over_gain(each, end) for each in newest) for end in ("value", "low"))
    highs = sorted((_high(each) for each in newest), reverse=True)
    rows = min(each.continuity.newest_rows for each in newest)
    shown = slice(0, 3)
    return (
        f"average precision over the gain: {values[shown]}, lower ends: {lows[shown]}, median {np.median(lows):.3f}; "
        f"calibration error, upper ends: {[round(each, 4) for each in highs[shown]]}; poorest week: {rows:.2f}"
    )


def _over_gain(newest: NewestWeeks, end: str) -> float:
    if newest.champion is None or newest.over_champion is None:
        return float("nan")
    difference: float = getattr(newest.over_champion.average_precision, end)
    return round(difference / (newest.champion.value - newest.base_rate), 3)


def _high(newest: NewestWeeks) -> float:
    error = None if newest.over_champion is None else newest.over_champion.calibration_error
    return float("nan") if error is None else error.high


def _break(market: Market, weeks: range) -> list[str]:
    """Put what went wrong before the rule, once each quarter; returns what it let through."""
    passed = []
    for name, broken in BROKEN.items():
        tried = [
            refresh(broken(market, week), market.version(week - AGE_OF_CHAMPION))
            for week in range(weeks[0] + AGE_OF_CHAMPION, weeks[-1] + 1, BLOCK_WEEKS)
        ]
        refused = [decision for decision, _ in tried if not decision.promote]
        print(f"{name}: {len(refused)} of {len(tried)} refused; {_closest([newest for _, newest in tried])}")
        for decision in refused[:1]:
            print(f"  for example: {decision.reasons[0]}")
        passed += [f"{name} ({market.case.name})"] * (len(refused) < len(tried))
    return passed


if __name__ == "__main__":
    main()
