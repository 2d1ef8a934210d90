"""A sensor's definition as a value: what `sensors/<name>.yaml` says, with every default filled in."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from apps.core import refs
from apps.core.types import JsonObject

#: Of a run that says nothing else; its interval where that is longer.
_POLL_TIMEOUT_S = 600.0

SCHEMA: JsonObject = {
    "type": "object",
    "required": ["name", "entry_point", "triggers"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 150, "pattern": refs.NAME.pattern.replace(r"\Z", "$")},
        "description": {"type": "string", "maxLength": 10_000},
        "runtime": {"type": "string", "minLength": 1, "maxLength": 100},
        "entry_point": {"type": "string", "minLength": 1, "maxLength": 500},
        "triggers": {
            "type": "array",
            "items": {"type": "string", "minLength": 3, "maxLength": 255},
            "minItems": 1,
            "maxItems": 100,
            "uniqueItems": True,
            "description": "refs of the trigger types it tells of; an event of another one is refused",
        },
        "secrets": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$"},
            "maxItems": 100,
            "description": "names of the keys it is given",
        },
        "events": {
            "enum": ["descriptor", "stdout"],
            "description": "where it writes its events: the descriptor in ATTUNE_EVENT_FD, or stdout",
        },
        "acknowledge": {
            "type": "boolean",
            "description": "it is told on stdin how many of its lines have been dealt with",
        },
        "poll_interval_s": {
            "type": "number",
            "minimum": 1,
            "maximum": 604_800,
            "description": "the program runs once and ends, and is started again so long after its end",
        },
        "poll_timeout_s": {
            "type": "number",
            "minimum": 1,
            "maximum": 604_800,
            "description": "after so long a run is ended, and counts as failed; else after ten minutes, or the interval"
            " where that is longer",
        },
        "on_demand": {"type": "boolean", "description": "it runs only while somebody listens to one of its triggers"},
        "env": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 100},
        "enabled": {"type": "boolean"},
    },
}

HINTS = {
    "name": "letters, digits, `_` and `-`, joined by dots",
    "triggers": "a list of trigger types: `triggers: [acme.disk_full]`",
    "events": "`descriptor` or `stdout`",
    "poll_interval_s": "seconds, at least 1: `poll_interval_s: 60`",
    "poll_timeout_s": "seconds, at least 1: `poll_timeout_s: 30`",
    "env": "a mapping of names to text: `env: {LANG: C.UTF-8}`",
}


@dataclass(frozen=True, kw_only=True)
class SensorDefinition:
    """`runtime` is the name of one, never an alias; `runtime_version` the range of its versions, empty for any. A
    program that goes on has no `poll_interval_s` and no `poll_timeout_s`."""

    name: str
    runtime: str
    runtime_version: str = ""
    entry_point: str
    triggers: tuple[str, ...]
    description: str = ""
    secrets: tuple[str, ...] = ()
    events: Literal["descriptor", "stdout"] = "descriptor"
    acknowledge: bool = False
    poll_interval_s: float | None = None
    poll_timeout_s: float | None = None
    on_demand: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True

    def as_json(self) -> JsonObject:
        """Without the `poll_timeout_s` that it has anyway: an older Attune, which may read this too, knows none."""
        body = asdict(self)
        if self.poll_timeout_s in (None, _usual_timeout_s(self.poll_interval_s)):
            del body["poll_timeout_s"]
        return body

    @classmethod
    def from_json(cls, body: JsonObject) -> "SensorDefinition":
        """The reverse of `as_json`; also takes a checked file whose runtime was filled in."""
        timeout_s = body.get("poll_timeout_s") or _usual_timeout_s(body.get("poll_interval_s"))
        lists = {"triggers": tuple(body["triggers"]), "secrets": tuple(body.get("secrets", ()))}
        return cls(**{**body, **lists, "poll_timeout_s": timeout_s})


def _usual_timeout_s(interval_s: float | None) -> float | None:
    return None if interval_s is None else max(_POLL_TIMEOUT_S, interval_s)
