"""A message as a signed JSON document, for any program that takes one."""

import dataclasses
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from monitoring.notifications.channels.post import post
from monitoring.notifications.channels.secret import read_secret
from monitoring.notifications.digest import KINDS, as_record
from monitoring.notifications.message import Message
from monitoring.notifications.settings import Webhook
from monitoring.notifications.view import headline_of

MOST_FACTS = 1_000
"""The most facts of each list; ``more`` says how many there are beside them."""
SIGNATURE = "Stockout-Signature"

_SCHEMA = 1


def send_to_webhook(webhook: Webhook, message: Message, at: dt.datetime, environment: Mapping[str, str]) -> None:
    """Send it.

    Raises:
        NotSentError: If the receiver did not take it.
    """
    body = json.dumps(webhook_document(message)).encode()
    secret = read_secret(webhook.secret, environment)
    url = webhook.url if webhook.url is not None else read_secret(webhook.secret_url, environment)
    post(url, body, {"Idempotency-Key": message.key, SIGNATURE: signature(secret, body, at)})


def signature(secret: str, body: bytes, at: dt.datetime) -> str:
    """What proves who sent the body, and when: ``t=<seconds>,v1=<hexadecimal HMAC-SHA256 of "t.body">``."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def webhook_document(message: Message) -> dict[str, Any]:
    """The document, in which every text is exact, unlike in those for people."""
    lists = (*KINDS, "warnings")
    kept = {name: getattr(message, name)[:MOST_FACTS] for name in lists}
    more = {name: len(getattr(message, name)) - len(kept[name]) for name in lists}
    cut = dataclasses.replace(message, **kept)
    return {"schema": _SCHEMA, "headline": headline_of(message), **as_record(cut), "more": more}
