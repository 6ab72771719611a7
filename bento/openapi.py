"""The pages that describe the API, instead of BentoML's: those name BentoML as contact, and load a script from Google.

``/`` shows ``/docs.json``, the OpenAPI document, with the swagger-ui that BentoML serves under ``/static_content``.
"""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

TITLE = "Stock-out risk"
CONTACT = "The maintainers of stockout-risk"
LICENSE = "Apache-2.0"

_PAGE = f"""<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <title>{TITLE}</title>
    <link rel="stylesheet" href="./static_content/swagger-ui.css">
    <link rel="icon" href="data:,">
  </head>
  <body>
    <div id="api"></div>
    <script src="./static_content/swagger-ui-bundle.js"></script>
    <script src="./docs.js"></script>
  </body>
</html>
"""
_SCRIPT = 'SwaggerUIBundle({url: "./docs.json", dom_id: "#api", deepLinking: true, validatorUrl: null});\n'
_THIS_HOST_ONLY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


def mount_pages(service: Any, description: Callable[[], str]) -> None:
    """Serve the pages of ``service`` in place of BentoML's; every other path stays as it is.

    Args:
        service: What ``bentoml.service`` made of a class: a ``Service``, though its types say that it is the class.
        description: What the service answers with, when the page is made.
    """

    def document(_: Request) -> Response:
        spec = service.openapi_spec.asdict()
        ours = {
            "title": TITLE,
            "description": description(),
            "contact": {"name": CONTACT},
            "license": {"name": LICENSE},
        }
        return JSONResponse({**spec, "info": {**spec["info"], **ours}})

    def page(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _THIS_HOST_ONLY})

    def script(_: Request) -> Response:
        return Response(_SCRIPT, media_type="text/javascript")

    service.mount_asgi_app(
        Starlette(routes=[Route("/", page), Route("/docs.js", script), Route("/docs.json", document)])
    )
