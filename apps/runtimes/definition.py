"""A runtime as a value: how its interpreters are found, its environments built and its actions started.

Knows neither Django nor YAML; `from_json` takes what a runtime file says once `errors_of` found nothing
wrong.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from apps.core.errors import FieldError
from apps.core.schema import value_errors
from apps.core.types import JsonObject, JsonValue
from apps.runner.jsonvalue import escape
from apps.runtimes.runtime_schema import SCHEMA
from apps.runtimes.templates import names_in

__all__ = ["SCHEMA", "EnvironmentDefinition", "RuntimeDefinition", "errors_of"]

#: Words of action files that name another kind of execution, so no runtime can have them.
RESERVED_NAMES = frozenset({"workflow", "inquiry"})

#: What each template may ask for. `{interpreter}` is the base one while an environment is built and the
#: environment's own (`environment.executable`) where an action starts or an environment is validated.
_INSTALLED = frozenset({"interpreter", "version"})
_CREATING = _INSTALLED | {"env_dir", "cache_dir", "index_url"}  # of packs without dependencies too, for all in one
_BUILDING = _CREATING | {"pack_dir", "manifest"}
_PLACED = _INSTALLED | {"pack_dir", "env_dir"}
_STARTING = _PLACED | {"wrapper", "entry_point", "function"}


@dataclass(frozen=True, kw_only=True)
class EnvironmentDefinition:
    """Where a pack's dependencies live. `executable` becomes `{interpreter}` of the actions."""

    provider: str = "none"
    manifest: str | None = None
    lock: str | None = None
    create: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    executable: str = "{interpreter}"
    path: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: JsonObject) -> "EnvironmentDefinition":
        return cls(**{key: _frozen(value) for key, value in body.items()})


@dataclass(frozen=True, kw_only=True)
class RuntimeDefinition:
    """`detect` holds plain commands; `validate`, `command` and `env` hold templates (see `templates`)."""

    name: str
    detect: tuple[tuple[str, ...], ...]
    command: tuple[str, ...]
    label: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    shebangs: tuple[str, ...] = ()
    validate: tuple[str, ...] = ()
    wrapper: str | None = None
    test: tuple[str, ...] = ()
    server: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    sensor_env: Mapping[str, str] = field(default_factory=dict, hash=False)
    assignments: Literal["shell"] | None = None
    environment: EnvironmentDefinition = EnvironmentDefinition()

    @classmethod
    def from_json(cls, body: JsonObject) -> "RuntimeDefinition":
        """The reverse of `as_json`; also takes a runtime file without errors and fills in the defaults."""
        values = {key: _frozen(value) for key, value in body.items()}
        values["label"] = values.get("label") or values["name"]
        values["environment"] = EnvironmentDefinition.from_json(body.get("environment", {}))
        return cls(**values)

    def as_json(self) -> JsonObject:
        return asdict(self)

    @property
    def has_environments(self) -> bool:
        return self.environment.provider != "none"


def errors_of(body: JsonObject) -> list[FieldError]:
    """Everything wrong with a runtime file as JSON: against the schema first, then in its templates."""
    return value_errors(SCHEMA, body) or [
        *_name_errors(body), *_environment_errors(body), *_template_errors(body), *_server_errors(body)
    ]  # fmt: skip


def _name_errors(body: JsonObject) -> Iterator[FieldError]:
    for pointer, name in [("/name", body["name"]), *_items("/aliases", body.get("aliases", ()))]:
        if name in RESERVED_NAMES:
            yield FieldError(
                pointer, "not_allowed", f"{name} is no name for a runtime: actions use it for something else"
            )


def _environment_errors(body: JsonObject) -> Iterator[FieldError]:
    environment = body.get("environment", {})
    commands = [name for name in ("create", "install") if name in environment]
    if environment.get("provider") != "command":
        for name in commands:
            yield FieldError(f"/environment/{name}", "not_allowed", "only the provider command runs it")
    elif not commands:
        yield FieldError("/environment", "required", "the provider command needs create, install or both")
    if "install" in commands and "manifest" not in environment:
        yield FieldError("/environment/manifest", "required", "install runs for packs that have this file: name it")


def _template_errors(body: JsonObject) -> Iterator[FieldError]:
    for pointer, template, allowed in _templates(body):
        for name in names_in(template):
            if name not in allowed:
                known = ", ".join(sorted(f"{{{item}}}" for item in allowed))
                yield FieldError(pointer, "unknown_name", f"{{{name}}} means nothing here; known are {known}")


def _server_errors(body: JsonObject) -> Iterator[FieldError]:
    if body.get("server") and not body.get("wrapper"):
        yield FieldError("/server", "not_allowed", "a server starts actions by the wrapper, and there is none")


def _templates(body: JsonObject) -> Iterator[tuple[str, str, frozenset[str]]]:
    environment = body.get("environment", {})
    absent = set() if environment.get("provider", "none") != "none" else {"env_dir"}
    absent |= set() if body.get("wrapper") else {"wrapper"}
    lists = [
        ("/validate", body.get("validate", ()), _INSTALLED),
        ("/command", body["command"], _STARTING),
        ("/test", body.get("test", ()), _PLACED),
        ("/environment/create", environment.get("create", ()), _CREATING),
        ("/environment/install", environment.get("install", ()), _BUILDING),
        ("/environment/path", environment.get("path", ()), _PLACED),
    ]
    for pointer, templates, allowed in lists:
        for place, template in _items(pointer, templates):
            yield place, template, allowed - absent
    for name, template in body.get("env", {}).items():
        yield f"/env/{escape(name)}", template, _STARTING - absent
    for name, template in body.get("sensor_env", {}).items():
        yield f"/sensor_env/{escape(name)}", template, _PLACED - absent
    yield "/environment/executable", environment.get("executable", ""), (_INSTALLED | {"env_dir"}) - absent


def _items(pointer: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((f"{pointer}/{index}", value) for index, value in enumerate(values))


def _frozen(value: JsonValue) -> JsonValue:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
