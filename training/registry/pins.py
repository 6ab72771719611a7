"""Pins: after a rollback nothing is promoted for its question until somebody lifts the pin.

A pin is a tag of the registered model, so every work dir that shares the registry meets it, and people see it on
MLflow's page. The ledger says when it was set and lifted, and by whom. Without the tag there is no pin.
"""

import shlex

from training.registry.client import registry_client
from training.registry.question import Question

_LIFT = "python -m orchestration.rollback --lift --work-dir DIR"


def pin_of(question: str, model: str, tracking_uri: str) -> str | None:
    """What is pinned, since when and by whom, such as "version 1, pinned since ... by me"; None if nothing is.

    Raises:
        RegistryError: If the server cannot be reached or has no such model.
    """
    with registry_client(tracking_uri) as client:
        pin: str | None = client.get_registered_model(model).tags.get(_tag(question))
        return pin


def set_pin(question: str, model: str, words: str, tracking_uri: str) -> None:
    """Pin a question's champion, or say anew what is pinned.

    Raises:
        RegistryError: If the server cannot be reached or has no such model.
    """
    with registry_client(tracking_uri) as client:
        client.set_registered_model_tag(model, _tag(question), words)


def remove_pin(question: str, model: str, tracking_uri: str) -> None:
    """Let runs promote again; nothing happens if nothing is pinned.

    Raises:
        RegistryError: If the server cannot be reached or has no such model.
    """
    with registry_client(tracking_uri) as client:
        client.delete_registered_model_tag(model, _tag(question))


def how_to_lift(question: Question) -> str:
    """The command that lifts the pin of a question."""
    return f"{_LIFT} {shlex.join(question.options)}"


def _tag(question: str) -> str:
    return f"pinned-{question}"
