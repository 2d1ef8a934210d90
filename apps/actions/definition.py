"""An action's definition as a value: what `actions/<name>.yaml` says, with every default filled in."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property, lru_cache
from typing import Any, Literal

import orjson

from apps.core.schema import ObjectSchema
from apps.core.types import JsonObject, JsonValue

Delivery = Literal["stdin", "file"]
OnLost = Literal["requeue", "fail"]
Warm = Literal["auto", "off"]
WhenFull = Literal["queue", "cancel", "reject"]


@dataclass(frozen=True, kw_only=True)
class RetryRule:
    """When and how often a run is tried again. `max_attempts` counts the first run too."""

    max_attempts: int = 1
    on: tuple[str, ...] = ("failed", "timeout")
    backoff: Literal["constant", "linear", "exponential"] = "exponential"
    delay_s: float = 1.0
    max_delay_s: float = 3600.0
    jitter: float = 0.0

    @classmethod
    def from_json(cls, body: JsonObject) -> "RetryRule":
        """As in a file; what is missing gets its default."""
        return cls(**{**body, "on": tuple(body.get("on", cls.on))})


@dataclass(frozen=True, kw_only=True)
class ConcurrencyRule:
    """The action's own gate. `key` is a template over the parameters; each value has a line of its own."""

    limit: int
    key: str | None = None
    when_full: WhenFull = "queue"
    max_waiting: int | None = None
    expires_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Everything that is pinned when an execution is requested."""

    name: str
    runtime: str
    #: The range of its versions that the pack asks for; empty: any.
    runtime_version: str = ""
    entry_point: str
    function: str | None = None
    description: str = ""
    parameters: Mapping[str, JsonObject] = field(default_factory=dict)
    output: JsonObject | None = None
    secrets: tuple[str, ...] = ()
    #: Grants of the token it gets for Attune's own API; none: it gets no token.
    api: tuple[str, ...] = ()
    parameter_delivery: Delivery = "stdin"
    parameter_format: Literal["json", "yaml", "dotenv"] = "json"
    output_format: Literal["auto", "json", "yaml", "jsonl", "text"] = "auto"
    timeout_s: float | None = None
    #: None where the file says nothing: then a policy may.
    retry: RetryRule | None = None
    concurrency: ConcurrencyRule | None = None
    pool: str = "default"
    on_lost: OnLost = "requeue"
    #: Whether it may be forked by a warm server, and what of its runtime's modules that has imported.
    warm: Warm = "auto"
    preload: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True

    @cached_property
    def schema(self) -> ObjectSchema:
        return ObjectSchema(self.parameters)

    @cached_property
    def secret_outputs(self) -> frozenset[str]:
        properties: Mapping[str, Any] = (self.output or {}).get("properties", {})
        # A property's schema may be `true`, too.
        schemas = {name: item for name, item in properties.items() if isinstance(item, dict)}
        return frozenset(name for name, item in schemas.items() if item.get("secret") is True)

    def as_json(self) -> JsonObject:
        """All fields, in new containers where they are nested."""
        body = {item.name: getattr(self, item.name) for item in fields(self)}
        rules = {name: asdict(body[name]) for name in ("retry", "concurrency") if body[name] is not None}
        return {**body, **rules}

    @classmethod
    def from_json(cls, body: JsonObject) -> "Definition":
        """The reverse of `as_json`; also takes a validated action file, whose missing fields get their defaults."""
        values = dict(body)
        if retry := values.pop("retry", None):
            values["retry"] = RetryRule.from_json(retry)
        if concurrency := values.pop("concurrency", None):
            values["concurrency"] = ConcurrencyRule(**concurrency)
        values["secrets"] = tuple(values.get("secrets", ()))
        for name in ("api", "preload"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


def canonical(value: JsonValue) -> bytes:
    """The one way in which equal values are written."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_of(definition: Definition) -> str:
    return hashlib.sha256(canonical(definition.as_json())).hexdigest()


@lru_cache(maxsize=4096)
def _parsed(digest: str, body: bytes) -> Definition:
    return Definition.from_json(orjson.loads(body))


def parsed(digest: str, body: JsonObject) -> Definition:
    """The definition in a stored body; its compiled schema is shared by all who ask for the same digest."""
    return _parsed(digest, canonical(body))
