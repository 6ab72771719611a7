"""The list: what needs a decision, ranked by money at risk before relief can arrive."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feature_service.client import ClientError
from planner.board.select import select
from planner.board.view import View
from planner.web.pages import client_of, context_of, render, unavailable


async def show_list(request: Request) -> Response:
    """A page of the list; htmx asks for the part below the filters."""
    view = View.of(request.query_params)
    try:
        board = await context_of(request).boards.of(view.question, client_of(request))
    except ClientError as error:
        return unavailable(request, error)
    response = render(request, "list.html", board=board, view=view, selection=select(board, view))
    if request.headers.get("HX-Request"):
        response.headers["HX-Push-Url"] = view.link()  # without what is usual, so that it can be sent to somebody
    return response


routes = [Route("/", show_list, name="list")]
