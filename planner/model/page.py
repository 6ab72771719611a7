"""The model's page, and the figures of its chart."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from feature_service.client import (
    AsyncRiskClient,
    ClientError,
    Figure,
    Performance,
    PerformanceAnswer,
    RefusedError,
    ScorerPerformance,
)
from planner.model.doubts import doubts
from planner.web.pages import client_of, context_of, question_of, render, unavailable


async def show_model(request: Request) -> Response:
    """How good it has been, what it rests on, how fresh the data is, and when not to trust it."""
    client = client_of(request)
    try:
        board = await context_of(request).boards.of(question_of(request), client)
    except ClientError as error:
        return unavailable(request, error)
    answer, no_record = await _performance(client)
    found = doubts(board.info, answer, board.today, is_replay=board.is_replay, has_money=board.table.has_money)
    recent = answer.recent if answer else None
    return render(
        request,
        "model.html",
        board=board,
        info=board.info,
        doubts=found,
        answer=answer,
        recent=recent,
        scorers=_scorers(recent) if recent else [],
        no_record=no_record,
    )


async def show_weeks(request: Request) -> Response:
    """The share of alerts that came true, and of what happened that had one, week by week; null is not known."""
    answer, _ = await _performance(client_of(request))
    weeks = [each.performance for each in answer.weeks] if answer else []
    return JSONResponse(
        {
            "weeks": [each.first_week.isoformat() for each in weeks],
            "precision": [_value(each.model.precision) for each in weeks],
            "recall": [_value(each.model.recall) for each in weeks],
        }
    )


async def _performance(client: AsyncRiskClient) -> tuple[PerformanceAnswer | None, str]:
    """What is known, or in a sentence why nothing is."""
    try:
        return await client.performance(), ""
    except RefusedError as error:
        return None, error.details
    except ClientError as error:
        return None, str(error)


def _scorers(period: Performance) -> list[ScorerPerformance]:
    """The model above the rules, the best ranking first."""
    return [period.model, *sorted(period.rules, key=lambda each: -(_value(each.average_precision) or 0))]


def _value(figure: Figure | None) -> float | None:
    return None if figure is None else figure.value


routes = [Route("/model", show_model, name="model"), Route("/model/weeks.json", show_weeks, name="weeks")]
