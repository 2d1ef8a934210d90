"""Which provider builds the environments of a runtime. A new kind is one recipe and one line here."""

from collections.abc import Callable

from apps.core.errors import Conflict
from apps.runtimes.environments.generations import GenerationProvider
from apps.runtimes.environments.provider import EnvironmentProvider
from apps.runtimes.environments.request import BuildSettings
from apps.runtimes.providers.bundler import BundlerRecipe
from apps.runtimes.providers.command import CommandRecipe
from apps.runtimes.providers.none import NoneProvider
from apps.runtimes.providers.npm import NpmRecipe
from apps.runtimes.providers.virtualenv import VirtualenvRecipe

Factory = Callable[[BuildSettings], EnvironmentProvider]

_FACTORIES: dict[str, Factory] = {
    "none": NoneProvider,
    "virtualenv": lambda settings: GenerationProvider(VirtualenvRecipe(), settings),
    "npm": lambda settings: GenerationProvider(NpmRecipe(), settings),
    "bundler": lambda settings: GenerationProvider(BundlerRecipe(), settings),
    "command": lambda settings: GenerationProvider(CommandRecipe(), settings),
}


class UnknownProvider(Conflict):
    """No provider of this name builds environments here."""

    code = "unknown_provider"


def provider_named(name: str, settings: BuildSettings) -> EnvironmentProvider:
    """The provider a runtime's `environment.provider` names. Raises `UnknownProvider`."""
    if name not in _FACTORIES:
        raise UnknownProvider(
            f"No provider builds environments of the kind {name}; there are: {', '.join(provider_names())}."
        )
    return _FACTORIES[name](settings)


def provider_names() -> list[str]:
    return sorted(_FACTORIES)
