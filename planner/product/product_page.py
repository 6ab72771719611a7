"""The page of one product, what changes on it with what is supposed, and what its charts draw."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from feature_service.client import ClientError, RefusedError
from planner.product.links import ProductLinks, span_of
from planner.product.page import Assessed, assess, record
from planner.product.sliders import sliders_of
from planner.product.timeline import chart_data
from planner.product.translate import translator_of
from planner.product.what_if import LEAD_TIME_DAYS, UNITS_ON_HAND, FieldError, WhatIf
from planner.web.language import language_of
from planner.web.pages import client_of, question_of, render, unavailable

WITHOUT_A_ROW = {"UNKNOWN_PRODUCT": 404, "EXCLUDED_PRODUCT": 200, "NOT_LAUNCHED": 200, "WRONG_SHARD": 404}
"""Reasons of products that there is nothing to show of, and the status of a page that says so."""

Page = Callable[[Request], Awaitable[Response]]


def answered(page: Page) -> Page:
    """A page that says so where the risk server gave no answer."""

    async def answer(request: Request) -> Response:
        try:
            return await page(request)
        except RefusedError as error:
            if error.reason not in WITHOUT_A_ROW:
                return unavailable(request, error)
            status = WITHOUT_A_ROW[error.reason]
            return render(request, "product/without.html", status, product_id=_product_id(request), error=error)
        except ClientError as error:
            return unavailable(request, error)

    return answer


async def show_product(request: Request) -> Response:
    """The whole page."""
    product_id, span_weeks = _product_id(request), span_of(request.query_params)
    what_if, problem = _what_if(request)
    assessed = await assess(client_of(request), product_id, what_if, span_weeks)
    return render(
        request,
        "product/page.html",
        422 if problem else 200,
        record=await record(client_of(request), product_id),
        links=ProductLinks(product_id, question_of(request), what_if.fields()),
        translator=translator_of(language_of(request)),
        shown_weeks=span_weeks,
        sliders=sliders_of(assessed),
        more_supposed=bool(what_if.fields().keys() - {UNITS_ON_HAND, LEAD_TIME_DAYS}),
        **_values(assessed),
        problem=problem,
    )


async def show_what_if(request: Request) -> Response:
    """What changes on the page with what is supposed, its charts too; the rest of it stays."""
    what_if, problem = _what_if(request)
    if problem:
        return render(request, "product/what_if_answer.html", assessed=None, problem=problem)
    product_id, span_weeks = _product_id(request), span_of(request.query_params)
    try:
        assessed = await assess(client_of(request), product_id, what_if, span_weeks)
    except ClientError as error:
        return render(request, "product/what_if_answer.html", 503, assessed=None, problem=error)
    links = ProductLinks(product_id, question_of(request), what_if.fields())
    address = {"HX-Replace-Url": links.supposed_over(span_weeks)}  # to load again, or to send to somebody
    drawn = chart_data(assessed.weeks, assessed.units_on_hand)
    return render(request, "product/what_if_answer.html", 200, address, **_values(assessed), problem=None, drawn=drawn)


async def tell_weeks(request: Request) -> Response:
    """What the charts draw at first."""
    what_if, problem = _what_if(request)
    if problem:
        return JSONResponse({"field": problem.field}, 422)
    assessed = await assess(client_of(request), _product_id(request), what_if, span_of(request.query_params))
    return JSONResponse(chart_data(assessed.weeks, assessed.units_on_hand))


def _product_id(request: Request) -> str:
    product_id: str = request.path_params["product_id"]
    return product_id


def _what_if(request: Request) -> tuple[WhatIf, FieldError | None]:
    """What is supposed, or nothing and what is wrong with it."""
    try:
        return WhatIf.read(request.query_params), None
    except FieldError as error:
        return WhatIf(), error


def _values(assessed: Assessed) -> dict[str, Any]:
    provenance = assessed.history.provenance
    return {"assessed": assessed, "evidence": provenance.evidence, "horizon_weeks": provenance.horizon_weeks}


routes = [
    Route("/products/{product_id:path}", answered(show_product), name="product"),
    Route("/product-what-if/{product_id:path}", show_what_if),
    Route("/product-weeks/{product_id:path}", answered(tell_weeks)),
]
