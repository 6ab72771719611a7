"""The form for a decision, and recording it."""

import uuid
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feature_service.client import (
    AsyncRiskClient,
    ClientError,
    DeadlineError,
    Plan,
    PlanChangedError,
    RecordedDecision,
    RefusedError,
)
from planner.board.keeper import Board
from planner.board.select import row_of, select
from planner.board.view import View
from planner.decisions.form import ACTIONS, Missing, action_of
from planner.web.login import own_page
from planner.web.pages import author_of, client_of, context_of, render, unavailable

LIST_PATH = "/"
CONFLICT, UNPROCESSABLE, UNAVAILABLE = 409, 422, 503


async def show_form(request: Request) -> Response:
    """All that can be decided upon a product; htmx asks for it in a dialog."""
    product_id, client = request.query_params.get("product", ""), client_of(request)
    try:
        board = await context_of(request).boards.of(request.query_params.get("question", ""), client)
        plan = await _known(client, board, product_id)
    except ClientError as error:
        return unavailable(request, error)
    asked = request.query_params.get("action", "")
    return render(
        request,
        "decide.html",
        board=board,
        plan=plan,
        back=_page_before(request),
        action=asked if asked in ACTIONS else "",
        request_id=str(uuid.uuid4()),
    )


async def decide(request: Request) -> Response:
    """Record a decision; the list gets the product's row as it is then."""
    form, client = request.state.form, client_of(request)
    product_id = form.get("product", "")
    try:
        board = await context_of(request).boards.of(request.query_params.get("question", ""), client)
    except ClientError as error:
        return _failed(request, error)
    action = action_of(form)
    if isinstance(action, Missing):
        return _not_recorded(request, UNPROCESSABLE, missing=action)
    try:
        before = await _known(client, board, product_id, form.get("etag", ""))
        if form.get("etag", "") not in ("", before.etag) or (not form.get("etag") and before.changed_at):
            return await _changed(request, client, board, product_id)
        recorded = await client.decide(
            product_id, action, author=author_of(request), etag=before.etag, request_id=form.get("request_id", "")
        )
    except PlanChangedError:
        return await _changed(request, client, board, product_id)
    except ClientError as error:
        return _failed(request, error)
    board.put(recorded.plan)
    return _recorded(request, board, recorded, before)


async def _known(client: AsyncRiskClient, board: Board, product_id: str, etag: str = "") -> Plan:
    """The plan that somebody looks at: as it is known here where that is what was seen, or else as it is now."""
    known = board.plans.get(product_id)
    if known is not None and known.etag == etag:
        return known
    (plan,) = (await client.plans([product_id])).results
    return plan


def _recorded(request: Request, board: Board, recorded: RecordedDecision, before: Plan) -> Response:
    if not request.headers.get("HX-Request"):
        return RedirectResponse(own_page(request.state.form.get("back", LIST_PATH)), 303)
    path, view = _list_before(request)
    if path != LIST_PATH:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    response = render(
        request,
        "decided.html",
        board=board,
        view=view,
        row=_row(board, recorded.plan.product_id),
        selection=select(board, view),
        recorded=recorded,
        can_undo=before.state == "OPEN" and recorded.plan.state != "OPEN",
        problem=None,
    )
    response.headers["HX-Trigger"] = "decided"
    return response


async def _changed(request: Request, client: AsyncRiskClient, board: Board, product_id: str) -> Response:
    """Somebody else decided meanwhile: nothing was recorded, and the reader sees the plan as it is."""
    try:
        (plan,) = (await client.plans([product_id])).results
    except ClientError as error:
        return _failed(request, error)
    board.put(plan)
    return _not_recorded(request, CONFLICT, board=board, plan=plan)


def _failed(request: Request, error: ClientError) -> Response:
    return _not_recorded(request, UNPROCESSABLE if isinstance(error, RefusedError) else UNAVAILABLE, error=error)


def _not_recorded(
    request: Request,
    status: int,
    *,
    error: ClientError | None = None,
    missing: Missing | None = None,
    board: Board | None = None,
    plan: Plan | None = None,
) -> Response:
    path, view = _list_before(request)
    is_row_shown = request.headers.get("HX-Request") and path == LIST_PATH and board and plan
    return render(
        request,
        "not_recorded.html",
        status,
        board=board,
        view=view,
        row=_row(board, plan.product_id) if board and plan and is_row_shown else None,
        plan=plan,
        error=error,
        is_known=not isinstance(error, DeadlineError),
        missing=missing,
        back=own_page(request.state.form.get("back", LIST_PATH)),
    )


def _row(board: Board, product_id: str) -> object:
    row = board.table.row_of.get(product_id)
    return None if row is None else row_of(board, row)


def _list_before(request: Request) -> tuple[str, View]:
    """The page that htmx asks from, and if it is the list, the view of it."""
    address = urlsplit(request.headers.get("HX-Current-URL", ""))
    return address.path or LIST_PATH, View.of(QueryParams(address.query))


def _page_before(request: Request) -> str:
    address = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("referer", LIST_PATH))
    return own_page(address._replace(scheme="", netloc="").geturl())


routes = [
    Route("/decide", show_form, name="decide"),
    Route("/decide", decide, methods=["POST"]),
]
