"""A message as Slack's incoming webhooks take it: blocks of plain text, in which nothing is a link or a mention."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from monitoring.notifications.channels.post import post
from monitoring.notifications.channels.secret import read_secret
from monitoring.notifications.message import Message
from monitoring.notifications.render import text_of
from monitoring.notifications.settings import Slack
from monitoring.notifications.view import headline_of

MOST_CHARACTERS = 3_000
"""Of one block's text."""
MOST_BLOCKS = 50

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def send_to_slack(slack: Slack, message: Message, templates: str | None, environment: Mapping[str, str]) -> None:
    """Send it.

    Raises:
        NotSentError: If Slack did not take it.
    """
    body = json.dumps(slack_payload(message, templates)).encode()
    post(read_secret(slack.url, environment), body, {"Idempotency-Key": message.key})


def slack_payload(message: Message, templates: str | None) -> dict[str, Any]:
    """The document for Slack: the text of the e-mail in blocks, and its first line for the pop-up.

    Raises:
        NotSentError: If a template cannot be used.
    """
    texts = list(_pieces(text_of(message, templates).translate(_ESCAPES)))
    if len(texts) > MOST_BLOCKS:
        texts = [*texts[: MOST_BLOCKS - 1], "The rest is too long for Slack."]
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}} for text in texts]
    return {"text": headline_of(message).translate(_ESCAPES), "mrkdwn": False, "blocks": blocks}


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that fit into a block, cut between lines, of which none is empty."""
    piece = ""
    for line in text.splitlines(keepends=True):
        if len(piece) + len(line) > MOST_CHARACTERS and piece.strip():
            yield piece
            piece = ""
        piece += line[: MOST_CHARACTERS - len(piece)]
    yield piece
