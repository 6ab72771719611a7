"""The name of a registered model: every question has a model of its own, with its own versions and aliases.

The plain name ``stockout_risk`` belongs to one question of a registry for ever, so that
``models:/stockout_risk@champion`` never changes its meaning. A tag says to which: to the first one that was registered.
In a registry of before it is the question of the alias ``champion``.
"""

from mlflow.exceptions import MlflowException

from data.snapshots import MODEL_NAME
from training.registry.aliases import CHAMPION, version_at
from training.registry.client import reference_of, registry_client
from training.registry.lock import registry_lock
from training.registry.question import Question
from training.registry.versions import contract_of

_TAG = "question"


def claim_model_name(question: Question, *, is_default: bool, tracking_uri: str) -> str:
    """The name under which a question's models are registered.

    Args:
        question: What they answer.
        is_default: Whether it may have the plain name, if no other question of the registry has it.
        tracking_uri: See :mod:`training.registry.versions`.
    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    own = f"{MODEL_NAME}_{question.name}"
    if not is_default:
        return own
    with registry_lock(tracking_uri):
        return MODEL_NAME if _owner(question, tracking_uri) == question.name else own


def _owner(question: Question, tracking_uri: str) -> str:
    """Name of the question that has the plain name; the one that asks for it, where none has it yet."""
    with registry_client(tracking_uri) as client:
        try:
            tags = client.get_registered_model(MODEL_NAME).tags
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            client.create_registered_model(MODEL_NAME, tags={_TAG: question.name})
            return question.name
        if _TAG in tags:
            return str(tags[_TAG])
        champion = version_at(client, CHAMPION)
        contract = None if champion is None else contract_of(reference_of(champion), tracking_uri)
        if contract is not None and not question.is_about(contract.label.name, contract.label.horizon_weeks):
            return ""  # a question that has not asked yet since
        client.set_registered_model_tag(MODEL_NAME, _TAG, question.name)
        return question.name
