"""The aliases of a registry: names that point at one version each, such as ``champion``."""

from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from data.snapshots import MODEL_NAME, ModelReference
from training.errors import RegistryError
from training.registry.client import reference_of, registry_client

CHAMPION, CHALLENGER = "champion", "challenger"


def champion_alias(question: str) -> str:
    """The alias of a question's best model."""
    return f"{CHAMPION}-{question}"


def champion_of(question: str, tracking_uri: str) -> ModelReference:
    """The champion of a question, which has the plain name or one of its own.

    Raises:
        RegistryError: If there is none, or the server cannot be reached.
    """
    champion = find_champion(question, tracking_uri)
    if champion is None:
        raise RegistryError(f"there is no champion of {question} yet: run StockoutPipeline, which trains one")
    return champion


def find_champion(question: str, tracking_uri: str) -> ModelReference | None:
    """The same; None if there is none.

    Raises:
        RegistryError: If the server cannot be reached.
    """
    with registry_client(tracking_uri) as client:
        names = (MODEL_NAME, f"{MODEL_NAME}_{question}")
        found = (version_at(client, champion_alias(question), model) for model in names)
        champion = next((version for version in found if version is not None), None)
        return None if champion is None else reference_of(champion)


def at_alias(alias: str, tracking_uri: str, model: str = MODEL_NAME) -> ModelReference | None:
    """The version of a registered model that an alias names; None if no version has it.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    with registry_client(tracking_uri) as client:
        version = version_at(client, alias, model)
        return None if version is None else reference_of(version)


def set_aliases(aliases: Mapping[str, str], tracking_uri: str, model: str = MODEL_NAME) -> None:
    """Point aliases, the keys, at versions of a registered model.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    with registry_client(tracking_uri) as client:
        for alias, version in aliases.items():
            client.set_registered_model_alias(model, alias, version)


def remove_alias(alias: str, version: str, tracking_uri: str, model: str = MODEL_NAME) -> None:
    """Take an alias away from a version; one that names another version, or none, is left alone.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    with registry_client(tracking_uri) as client:
        named = version_at(client, alias, model)
        if named is not None and str(named.version) == version:
            client.delete_registered_model_alias(model, alias)


def version_at(client: MlflowClient, alias: str, model: str = MODEL_NAME) -> ModelVersion | None:
    """The version as MLflow has it; None if no version has the alias."""
    try:
        return client.get_model_version_by_alias(model, alias)
    except MlflowException as error:
        # the first code means that there is no such model, the second that no version has the alias
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None
