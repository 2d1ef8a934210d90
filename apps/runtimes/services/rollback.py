"""Goes back to an earlier generation of an environment, on the volume of the worker that is asked."""

from apps.core.database import release_connection
from apps.core.errors import Conflict
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import BuildSettings, EnvironmentOnDisk
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.services.environments import environment_row, finish_build


class NoGenerations(Conflict):
    """Environments of this runtime have no generations to go back to."""

    code = "no_generations"


def rollback_environment(definition: RuntimeDefinition, *, pack_ref: str, settings: BuildSettings) -> EnvironmentOnDisk:
    """The generation before the one that serves, which serves from now on.

    Raises `NoSuchGeneration`, and `NoGenerations` for a runtime without environments.
    """
    provider = provider_named(definition.environment.provider, settings)
    if not isinstance(provider, GenerationProvider):
        raise NoGenerations
    release_connection()  # it may have to wait for a builder
    restored = provider.rollback_environment(pack_ref=pack_ref, runtime=definition.name)
    row = environment_row(pack_ref=pack_ref, runtime=definition.name, volume_id=volume_id(settings.envs_dir))
    finish_build(row.pk, restored)
    return restored
