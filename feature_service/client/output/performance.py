"""How past answers turned out, as tables for people."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from feature_service.client.output.fitting import Column, FittingTable
from feature_service.client.performance import Figure, Performance, PerformanceAnswer, ScorerPerformance
from feature_service.terminal import visible

_SHARES = (
    ("precision", "precision", 6),
    ("precision_undisturbed", "precision,\nno delivery", 3),
    ("recall", "recall", 6),
    ("average_precision", "average\nprecision", 5),
    ("calibration_error", "calibration\nerror", 2),
)


def performance_table(answer: PerformanceAnswer) -> Group:
    """The last weeks together, the model above the rules, the best one first; then the model in each week."""
    if answer.recent is None:
        return Group(Text("no week's outcome is known yet"))
    recent = answer.recent
    scorers = [recent.model, *sorted(recent.rules, key=_rank)]
    last = [each for each in answer.weeks if each.performance.first_week >= recent.first_week]
    return Group(
        _bold(f"did the alerts come true? {answer.provenance.question}, {recent.weeks} weeks up to {recent.last_week}"),
        _scorers(scorers, "scorer", [each.name for each in scorers]),
        _bold("the model week by week"),
        _scorers(
            [each.performance.model for each in last],
            "week",
            [str(each.performance.first_week) for each in last],
            [f"version {each.model_version}" for each in last],
        ),
        *_challengers(answer),
        *map(Text, _in_words(recent, answer)),
    )


def _challengers(answer: PerformanceAnswer) -> list[RenderableType]:
    """The newest challenger beside its champion; all of them are in the JSON document."""
    if not answer.challengers:
        return []
    newest = answer.challengers[-1]
    versions = f"version {newest.model_version} beside version {newest.champion_version}, which answered"
    return [
        _bold(f"the challenger, {versions}: {newest.weeks} weeks up to {newest.last_week}"),
        _scorers(
            [newest.champion, newest.challenger],
            "scorer",
            [newest.champion.name, newest.challenger.name],
            [f"version {newest.champion_version}", f"version {newest.model_version}"],
        ),
        *(
            Text(f"{what}, challenger less champion: {_difference(found)}")
            for what, found in (
                ("average precision", newest.average_precision_difference),
                ("Brier, lower is better", newest.brier_difference),
            )
            if found
        ),
    ]


def _difference(figure: Figure) -> str:
    return f"{figure.value:+.4f} [{figure.low:+.4f}, {figure.high:+.4f}]"


def _scorers(
    scorers: Sequence[ScorerPerformance], header: str, names: Sequence[str], models: Sequence[str] = ()
) -> FittingTable:
    columns = [
        Column(header, [Text(visible(name)) for name in names], folds=True),
        Column("alerts", [Text(f"{each.alerts:,}") for each in scorers], room=7),
        *(
            Column(title, [Text(_share(getattr(each, name))) for each in scorers], room=room)
            for name, title, room in _SHARES
        ),
        Column("days of\nwarning", [Text(_days(each)) for each in scorers], room=4),
        Column("revenue lost\nafter alert", [Text(_sum(each.revenue_lost_after_alert)) for each in scorers], room=1),
        Column("revenue lost\nwithout", [Text(_sum(each.revenue_lost_without_alert)) for each in scorers], room=1),
        Column("model", [Text(visible(each)) for each in models] or [Text()] * len(scorers), room=1),
    ]
    return FittingTable([each for each in columns if any(each.cells)])


def _in_words(period: Performance, answer: PerformanceAnswer) -> list[str]:
    fates = period.fates
    alerts = fates.came_true + fates.did_not + fates.received + fates.unknown + fates.acknowledged
    became = [
        f"{fates.came_true:,} came true",
        f"{fates.did_not:,} did not",
        f"{fates.received:,} would have without a delivery",
        f"{fates.unknown:,} cannot be known",
        f"{fates.acknowledged:,} were acted upon",
    ]
    still_open = answer.open_alerts
    products = "the alert of 1 product is" if still_open == 1 else f"those of {still_open:,} products are"
    return [
        f"of {alerts:,} alerts {', '.join(became)}; {products} still open",
        "in brackets the 95 % interval; of days of warning, the quartiles; each rule has as many alerts as the model",
        f"data until {answer.data_until}, written {answer.written_at.isoformat(' ', 'seconds')}",
    ]


def _rank(scorer: ScorerPerformance) -> float:
    """The best rule first."""
    return -scorer.average_precision.value if scorer.average_precision else 0.0


def _share(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:.3f} [{figure.low:.2f}, {figure.high:.2f}]"


def _days(scorer: ScorerPerformance) -> str:
    if scorer.warning_days is None:
        return ""
    low, high = scorer.warning_days_lower_quartile, scorer.warning_days_upper_quartile
    return f"{scorer.warning_days.value:g} [{low:g}, {high:g}]"


def _sum(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:,.0f}"


def _bold(text: str) -> Text:
    return Text(visible(text), style="bold")
