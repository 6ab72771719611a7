"""The page of the order list, its files, and acknowledging all of it at once."""

import asyncio
import re
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feature_service.client import Acknowledgement, AsyncRiskClient, ClientError, PlanChangedError
from planner.board.keeper import Board
from planner.orders.files import as_csv, as_xlsx
from planner.orders.lines import Wanted, orders_of, packs_of
from planner.web.language import language_of, translations_of
from planner.web.pages import author_of, client_of, context_of, render, unavailable

PAGE_SIZE = 100
MOST_AT_ONCE = 500
"""Products that one press acknowledges."""
_CALLS = 8
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def show_orders(request: Request) -> Response:
    """What to order, and the totals by supplier."""
    wanted = Wanted.of(request.query_params)
    try:
        board = await _board(request, wanted)
    except ClientError as error:
        return unavailable(request, error)
    orders = orders_of(board, wanted)
    pages = max(1, -(-len(orders.lines) // PAGE_SIZE))
    page = min(wanted.page, pages)
    shown = orders.lines[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    done = request.query_params.get("done", "")
    return render(
        request,
        "orders.html",
        board=board,
        wanted=wanted,
        orders=orders,
        shown=shown,
        page=page,
        pages=pages,
        packs_of=packs_of,
        has_packs=any(each.order.pack_size for each in orders.lines),
        open_lines=[each for each in orders.lines if board.state_of(each.product_id) == "OPEN"],
        most_at_once=MOST_AT_ONCE,
        done=int(done) if done.isascii() and done.isdigit() else None,
    )


async def download(request: Request) -> Response:
    """All lines as a file."""
    wanted = Wanted.of(request.query_params)
    try:
        board = await _board(request, wanted)
    except ClientError as error:
        return unavailable(request, error)
    kind = request.url.path.rpartition(".")[2]
    orders = orders_of(board, wanted)
    if kind == "csv":
        body, media_type = await asyncio.to_thread(as_csv, orders), "text/csv; charset=utf-8"
    else:
        gettext = translations_of(language_of(request)).gettext
        body = await asyncio.to_thread(as_xlsx, orders, headings(gettext), gettext("Order"))
        media_type = _XLSX
    name = file_name(wanted.supplier, board, kind)
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(body, media_type=media_type, headers={"Content-Disposition": disposition})


async def acknowledge_all(request: Request) -> Response:
    """Acknowledge every product of the list that is open, as it is known here; what was changed meanwhile stays."""
    wanted, client = Wanted.of(request.query_params), client_of(request)
    try:
        board = await _board(request, wanted)
        lines = orders_of(board, wanted).lines
        open_ids = [each.product_id for each in lines if board.state_of(each.product_id) == "OPEN"][:MOST_AT_ONCE]
        done = await _acknowledge(client, board, open_ids, author_of(request))
    except ClientError as error:
        return unavailable(request, error)
    address = wanted.link()
    return RedirectResponse(f"{address}{'&' if '?' in address else '?'}done={done}", 303)


async def _acknowledge(client: AsyncRiskClient, board: Board, product_ids: list[str], author: str) -> int:
    """How many were.

    Raises:
        ClientError: If one could not be, whoever else was.
    """
    if not product_ids:
        return 0
    plans = (await client.plans(product_ids)).results
    for each in plans:
        board.put(each)  # what others decided meanwhile
    turns = asyncio.Semaphore(_CALLS)

    async def one(product_id: str, etag: str) -> bool:
        async with turns:
            try:
                recorded = await client.decide(product_id, Acknowledgement(), author=author, etag=etag)
            except PlanChangedError:
                return False
        board.put(recorded.plan)
        return True

    outcomes = await asyncio.gather(
        *(one(each.product_id, each.etag) for each in plans if each.state == "OPEN"), return_exceptions=True
    )
    failed = [each for each in outcomes if isinstance(each, BaseException)]
    if failed:
        raise failed[0]
    return sum(map(bool, outcomes))


def headings(gettext: Callable[[str], str]) -> list[str]:
    """Of the columns of the files."""
    return [
        gettext("Supplier id"),
        gettext("Supplier"),
        gettext("Product"),
        gettext("Units"),
        gettext("Pack size"),
        gettext("Packs"),
        gettext("Cost"),
    ]


def file_name(supplier: str, board: Board, kind: str) -> str:
    """A name that every system takes: of whom is ordered, and when."""
    who = re.sub(r"[^\w-]+", "-", board.table.supplier_names.get(supplier) or supplier).strip("-")[:60]
    return "-".join(each for each in ("order", who, board.today.isoformat()) if each) + f".{kind}"


async def _board(request: Request, wanted: Wanted) -> Board:
    return await context_of(request).boards.of(wanted.question, client_of(request))


routes = [
    Route("/orders", show_orders, name="orders"),
    Route("/orders/acknowledge", acknowledge_all, methods=["POST"]),
    Route("/orders.csv", download, name="csv"),
    Route("/orders.xlsx", download, name="xlsx"),
]
