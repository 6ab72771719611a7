"""A message as text and as a page, by the templates in ``templates``, or by the seller's own."""

import functools

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)

from monitoring.notifications.errors import NotSentError
from monitoring.notifications.message import Message
from monitoring.notifications.view import view_of

_TEXT, _PAGE = "digest.txt.jinja", "digest.html.jinja"


def text_of(message: Message, templates: str | None) -> str:
    """The message as plain text, whose first line says what to do.

    Args:
        message: What is sent.
        templates: A folder with templates that take the place of ours, as in the settings.
    Raises:
        NotSentError: If a template of that folder cannot be used.
    """
    return _render(_TEXT, message, templates)


def page_of(message: Message, templates: str | None) -> str:
    """The message as HTML, which loads nothing; arguments and errors as of :func:`text_of`."""
    return _render(_PAGE, message, templates)


def _render(name: str, message: Message, templates: str | None) -> str:
    try:
        text: str = _environment(templates).get_template(name).render(view=view_of(message))
    except (TemplateError, OSError) as error:
        raise NotSentError(f"the template {name} cannot be used: {error}") from error
    return text.strip() + "\n"


@functools.cache
def _environment(templates: str | None) -> Environment:
    ours = PackageLoader("monitoring.notifications")
    return Environment(
        loader=ours if templates is None else ChoiceLoader([FileSystemLoader(templates), ours]),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
