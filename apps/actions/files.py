"""The content kind `actions/`: reads `actions/<name>.yaml` and tells an author everything that is wrong with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apps.accounts.grants import MAX_LENGTH, NoGrant, parse
from apps.accounts.permissions import Verb
from apps.actions.definition import Definition
from apps.actions.entry_points import Mistake, entry_point_mistakes, runtime_of, split_entry_point
from apps.actions.services.register import actions_of_others, register_actions
from apps.core import refs
from apps.core.expressions import TemplateError, compile_template
from apps.core.schema import MARKS, schema_error, value_errors, without_marks
from apps.core.types import JsonObject
from apps.packs.content import ReadContext
from apps.packs.documents import PackFile
from apps.packs.yaml import is_text
from apps.runtimes.assignments import bad_shell_name

if TYPE_CHECKING:
    from apps.packs.models import PackVersion

_SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": 31_536_000}

#: Also of policies, which say it for actions that do not.
RETRY: JsonObject = {
    "type": "object",
    "additionalProperties": False,
    "required": ["max_attempts"],
    "properties": {
        "max_attempts": {"type": "integer", "minimum": 1, "maximum": 100},
        "on": {"type": "array", "items": {"enum": ["failed", "timeout"]}, "minItems": 1},
        "backoff": {"enum": ["constant", "linear", "exponential"]},
        "delay_s": {"type": "number", "minimum": 0, "maximum": 86_400},
        "max_delay_s": {"type": "number", "minimum": 0, "maximum": 604_800},
        "jitter": {"type": "number", "minimum": 0, "maximum": 1},
    },
}

LIMIT: JsonObject = {
    "limit": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
    "key": {"type": "string", "minLength": 1, "maxLength": 1000},
    "when_full": {"enum": ["queue", "cancel", "reject"]},
    "max_waiting": {"type": "integer", "minimum": 0, "maximum": 10_000_000},
    "expires_s": _SECONDS,
}

SCHEMA: JsonObject = {
    "type": "object",
    "required": ["name", "entry_point"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 150, "pattern": refs.NAME.pattern.replace(r"\Z", "$")},
        "description": {"type": "string", "maxLength": 10_000},
        "runtime": {"type": "string", "minLength": 1, "maxLength": 100},
        "entry_point": {"type": "string", "minLength": 1, "maxLength": 500},
        "parameters": {
            "type": "object",
            "maxProperties": 200,
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "required": {"type": "boolean"},
                    "secret": {"type": "boolean"},
                    "immutable": {"type": "boolean"},
                    "position": {"type": "integer", "minimum": 0},
                    "description": {"type": "string"},
                    "pattern": {"type": "string"},
                },
            },
        },
        "output": {"type": "object"},
        "secrets": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$"},
            "maxItems": 100,
        },
        "api": {
            "type": "array",
            "items": {"type": "string", "maxLength": MAX_LENGTH},
            "maxItems": 50,
            "description": "grants of the token it gets for Attune's own API; left out, it gets none",
        },
        "parameter_delivery": {"enum": ["stdin", "file"]},
        "parameter_format": {"enum": ["json", "yaml", "dotenv"]},
        "output_format": {"enum": ["auto", "json", "yaml", "jsonl", "text"]},
        "timeout_s": _SECONDS,
        "retry": RETRY,
        "concurrency": {"type": "object", "additionalProperties": False, "required": ["limit"], "properties": LIMIT},
        "pool": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"},
        "on_lost": {"enum": ["requeue", "fail"]},
        "warm": {
            "enum": ["auto", "off"],
            "description": "off: it always starts cold; default: as its pack says, else auto",
        },
        "env": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 100},
        "enabled": {"type": "boolean"},
    },
}

HINTS = {
    "api": 'a list of grants: `api: [execution.view, "execution.run@pack:acme"]`',
    "name": "letters, digits, `_` and `-`, joined by dots",
    "timeout_s": "seconds, more than 0: `timeout_s: 300`",
    "parameters": "a mapping of names to JSON Schemas: `count: {type: integer, default: 1}`",
    "concurrency": "`concurrency: {limit: 2}`; a limit of 0 pauses the action",
    "retry": "`retry: {max_attempts: 3, backoff: exponential, delay_s: 1}`",
    "env": "a mapping of names to text: `env: {LANG: C.UTF-8}`",
}
#: In `ReadContext.memo`: `{ref of an action: ref of its pack}` of all other packs.
REFS = "refs"
_ENV_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*\Z")
#: Given by Attune, or able to take over the program that is started.
_ENV_TAKEN = re.compile(r"^(ATTUNE_.*|PATH|HOME|TMPDIR|LD_.*|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|IFS|PYTHONHOME)\Z")
_PARAMETER_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]{0,99}\Z")


class ActionFiles:
    folder = "actions"

    def read(self, file: PackFile, context: ReadContext) -> Definition | None:
        before = len(context.errors.errors)
        body = file.read(SCHEMA, context.errors, hints=HINTS)
        if body is None:
            _look_further(file, context)
            return None
        body = _with_text_defaults(body, file)
        if not file.can_be_kept(body, context.errors):
            return None
        for path, detail, hint in _mistakes(body, file, context):
            file.add(context.errors, path, detail, hint)
        if len(context.errors.errors) > before:
            return None
        runtime = runtime_of(body, context)
        entry_point, function = split_entry_point(body["entry_point"])
        name = runtime.name if runtime else ""
        values = {"runtime": name, "entry_point": entry_point, "function": function}
        if runtime is not None:
            values["runtime_version"] = context.manifest.range_for(runtime)
        warmth = {"warm": context.manifest.warm, "preload": context.manifest.preload(name)}
        return Definition.from_json({**warmth, **body, **values})

    def write(self, version: "PackVersion", items: Sequence[Definition]) -> None:
        register_actions(version, items)


def _look_further(file: PackFile, context: ReadContext) -> None:
    """Of a file that breaks its schema, what can still be told about its program and its parameters."""
    parts = file.sound_parts(SCHEMA)
    body: JsonObject = {name: parts[name] for name in ("entry_point", "runtime") if name in parts}
    if "entry_point" not in body or any("\0" in text for text in body.values()):
        return
    found = list(entry_point_mistakes(body, context))
    for name, schema in parts.get("parameters", {}).items():
        found += _parameter_mistakes(name, schema, body, context)
    for path, detail, hint in found:
        file.add(context.errors, path, detail, hint)


def _mistakes(body: JsonObject, file: PackFile, context: ReadContext) -> Iterator[Mistake]:
    yield from _name_mistakes(body, file, context)
    yield from entry_point_mistakes(body, context)
    for name, schema in body.get("parameters", {}).items():
        yield from _parameter_mistakes(name, schema, body, context)
    yield from _concurrency_mistakes(body)
    yield from _api_mistakes(body)
    if "output" in body and (problem := schema_error(_plain_output(body["output"]))):
        yield ["output"], f"output is no JSON Schema: {problem}", ""
    for path in _too_deep_secrets(body):
        yield path, "secret inside a value would not keep it secret", "mark the whole parameter or output as secret"
    yield from env_mistakes(body, by="an action")


def env_mistakes(body: JsonObject, *, by: str) -> Iterator[Mistake]:
    """Of the variables that a file of an action or a sensor sets."""
    for name in body.get("env", {}):
        if not _ENV_NAME.match(name) or _ENV_TAKEN.match(name):
            yield (
                ["env", name],
                f"env: {name} cannot be set by {by}",
                "names that Attune or the loader use are taken",
            )


def _too_deep_secrets(body: JsonObject) -> Iterator[Sequence[str | int]]:
    """Marks below the place where they mean something: nothing would be sealed by them."""
    for name, schema in body.get("parameters", {}).items():
        yield from _secret_marks(
            {word: value for word, value in schema.items() if word != "secret"}, "parameters", name
        )
    output = body.get("output", {})
    outer = {word: value for word, value in output.items() if word != "properties"}
    yield from _secret_marks(outer, "output")
    properties = output.get("properties", {})
    for name, schema in properties.items() if isinstance(properties, dict) else ():
        inner = {word: value for word, value in schema.items() if word != "secret"} if isinstance(schema, dict) else {}
        yield from _secret_marks(inner, "output", "properties", name)


def _secret_marks(schema: Any, *path: str | int) -> Iterator[Sequence[str | int]]:
    if isinstance(schema, dict):
        if schema.get("secret") is True:
            yield [*path, "secret"]
        for word, value in schema.items():
            if word not in ("default", "const", "enum", "examples"):
                yield from _secret_marks(value, *path, word)
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _secret_marks(value, *path, index)


def _name_mistakes(body: JsonObject, file: PackFile, context: ReadContext) -> Iterator[Mistake]:
    if body["name"] in _names(context):
        yield ["name"], f"the name {body['name']} is taken by another file of this pack", "names are unique in a pack"
    ref = refs.join(context.manifest.ref, body["name"])
    if ref in _refs_of_others(context):
        # `acme.web` + `deploy` and `acme` + `web.deploy` are written the same way.
        yield ["name"], f"the pack {_refs_of_others(context)[ref]} has an action {ref} already", "choose another name"


def _parameter_mistakes(name: str, schema: JsonObject, body: JsonObject, context: ReadContext) -> Iterator[Mistake]:
    path = ["parameters", name]
    if not _PARAMETER_NAME.match(name):
        yield path, f"{name!r} cannot be the name of a parameter", "letters, digits, `_` and `-`, a letter first"
    plain = without_marks(schema)
    if problem := schema_error(plain):
        yield path, f"parameters.{name} is no JSON Schema: {problem}", ""
        return
    if "default" in schema:
        for error in value_errors(plain, schema["default"]):
            yield [*path, "default"], f"the default of {name} does not fit its own schema: {error.detail}", ""
    if schema.get("immutable") and "default" not in schema:
        yield path, f"{name} is immutable but has no default", "an immutable parameter is fixed by its default"
    if schema.get("secret") and "default" in schema and schema["default"] is not None:
        yield [*path, "default"], f"{name} is secret; a default in a file is no secret", "leave the default out"
    runtime = runtime_of(body, context)
    if runtime is not None and runtime.assignments == "shell" and (problem := bad_shell_name(name)):
        yield path, f"{name} cannot be a shell variable: {problem}", "choose another name"


def _concurrency_mistakes(body: JsonObject) -> Iterator[Mistake]:
    rule: JsonObject = body.get("concurrency", {})
    if problem := never_full(rule):
        yield ["concurrency", "max_waiting"], problem, "leave one of them out"
    if "key" in rule:
        for detail, hint in key_mistakes(rule["key"], body.get("parameters", {})):
            yield ["concurrency", "key"], detail, hint


def _api_mistakes(body: JsonObject) -> Iterator[Mistake]:
    for index, text in enumerate(body.get("api", ())):
        try:
            parse(text, verbs=list(Verb))
        except NoGrant as error:
            yield ["api", index], f"{text} is no grant: {error}", HINTS["api"]


def never_full(rule: Mapping[str, Any]) -> str | None:
    """What contradicts itself in a limit that lets nobody wait and says how many may."""
    if rule.get("when_full") in ("reject", "cancel") and rule.get("max_waiting") is not None:
        return f"nobody waits where when_full is {rule['when_full']}, so max_waiting means nothing"
    return None


def key_mistakes(key: str, parameters: Mapping[str, JsonObject] | None) -> Iterator[tuple[str, str]]:
    """Detail and hint of what is wrong with a key over these parameters; None: nobody knows which there are."""
    try:
        template = compile_template(key)
    except TemplateError as error:
        yield f"the key cannot be used: {error}", 'an expression over the parameters: `"{{ host }}"`'
        return
    if not template.names:
        yield "the key names no parameter, so there would be one line only", 'leave it out, or `"{{ host }}"`'
    for name in sorted(template.names if parameters is not None else ()):
        assert parameters is not None
        if name not in parameters:
            yield f"the key names {name}, which is no parameter", f"one of: {', '.join(parameters)}"
        elif parameters[name].get("secret"):
            yield f"the key names {name}, which is secret", "keys are shown at gates; use another parameter"


def _names(context: ReadContext) -> set[str]:
    """Of the actions of this pack that were read before."""
    items: list[Definition] = context.content.get("actions", [])
    known: tuple[int, set[str]] = context.memo.setdefault("names", (0, set()))
    known[1].update(item.name for item in items[known[0] :])
    context.memo["names"] = (len(items), known[1])
    return known[1]


def _refs_of_others(context: ReadContext) -> dict[str, str]:
    """`{ref of an action: ref of its pack}` of all other packs."""
    if REFS not in context.memo:
        context.memo[REFS] = actions_of_others(context.manifest.ref)
    found: dict[str, str] = context.memo[REFS]
    return found


def _with_text_defaults(body: JsonObject, file: PackFile) -> JsonObject:
    """Defaults and enums of text parameters as they were written: `1.10` and `0755` survive."""
    for name, schema in body.get("parameters", {}).items():
        if not is_text(schema):
            continue
        for word in ("default", "const"):
            if word in schema and schema[word] is not None:
                schema[word] = file.document.text(["parameters", name, word]) or schema[word]
        for word in ("enum", "examples"):
            if isinstance(schema.get(word), list):
                schema[word] = [
                    value if value is None else file.document.text(["parameters", name, word, index]) or value
                    for index, value in enumerate(schema[word])
                ]
    return body


def _plain_output(schema: Any) -> Any:
    """An output schema without our marks, at every depth where properties are declared."""
    if isinstance(schema, dict):
        return {
            key: _plain_output(value) for key, value in schema.items() if not (key in MARKS and isinstance(value, bool))
        }
    if isinstance(schema, list):
        return [_plain_output(item) for item in schema]
    return schema
