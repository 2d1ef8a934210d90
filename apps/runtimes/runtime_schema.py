"""What a runtime file may hold, as JSON Schema 2020-12. What a schema cannot say stands in
`definition.errors_of`."""

from apps.core.types import JsonObject

_TEXT: JsonObject = {"type": "string", "maxLength": 10_000}
#: No dot and no dash: the name is a folder, and queues are called `run.<pool>.<runtime>-<version>`.
_NAME: JsonObject = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}
_ALIAS: JsonObject = {"type": "string", "pattern": "^[a-z][a-z0-9_.+-]{0,39}$"}
_COMMAND: JsonObject = {
    "type": "array",
    "minItems": 1,
    "maxItems": 100,
    "items": {"type": "string", "maxLength": 4000, "pattern": "^[^\\x00]*$"},
}
#: A file below the folder that the field speaks of.
_FILE: JsonObject = {"type": "string", "maxLength": 300, "pattern": "^(?!/)(?!.*(^|/)\\.\\.(/|$))[^\\x00]+$"}

_ENV: JsonObject = {
    "type": "object",
    "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "not": {"pattern": "^ATTUNE_"}},
    "additionalProperties": {"type": "string", "maxLength": 4000, "pattern": "^[^\\x00]*$"},
    "maxProperties": 50,
}

SCHEMA: JsonObject = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["name", "detect", "command"],
    "additionalProperties": False,
    "properties": {
        "name": _NAME,
        "label": {**_TEXT, "description": "what people read; default: the name"},
        "description": _TEXT,
        "aliases": {"type": "array", "items": _ALIAS, "uniqueItems": True, "maxItems": 20},
        "extensions": {
            "type": "array",
            "items": {"type": "string", "pattern": "^\\.[A-Za-z0-9_.+-]{1,20}$"},
            "maxItems": 20,
            "description": "endings of entry points that name no runtime",
        },
        "shebangs": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Za-z0-9_.+-]{1,40}$"},
            "maxItems": 20,
            "description": "programs in the first line of entry points whose ending says nothing",
        },
        "detect": {
            "type": "array",
            "items": _COMMAND,
            "minItems": 1,
            "maxItems": 50,
            "description": "commands, best first; each prints a version and may print its path below",
        },
        "validate": {
            **_COMMAND,
            "description": "a command that exits 0 if an interpreter or environment is usable",
        },
        "wrapper": {**_FILE, "description": "a file in the pack's folder runtimes/"},
        "command": {**_COMMAND, "description": "what starts an action"},
        "server": {
            **_FILE,
            "description": "a file in the pack's folder runtimes/ that forks warm actions; how, see the core pack's",
        },
        "env": {**_ENV, "description": "variables the runtime needs; they win over an action's own"},
        "sensor_env": {**_ENV, "description": "further variables for sensors, which start without the wrapper"},
        "test": {
            **_COMMAND,
            "description": "runs what is in a pack's tests/; left out, each file there with a fitting ending is run",
        },
        "assignments": {
            "enum": ["shell", None],
            "description": "shell: parameters and secrets come as quoted assignments on another descriptor",
        },
        "environment": {
            "type": "object",
            "required": ["provider"],
            "additionalProperties": False,
            "properties": {
                "provider": {
                    "enum": ["virtualenv", "npm", "bundler", "command", "none"],
                    "description": "who builds environments; command: the commands below",
                },
                "manifest": {**_FILE, "description": "file of the pack that names its dependencies"},
                "lock": {**_FILE, "description": "file of the pack that pins them; wins over the manifest"},
                "create": {**_COMMAND, "description": "provider command: makes an empty environment"},
                "install": {**_COMMAND, "description": "provider command: puts in what a pack's manifest asks for"},
                "executable": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1000,
                    "description": "what runs actions: {interpreter} of their templates",
                },
                "path": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "maxItems": 10,
                    "description": "folders put in front of PATH",
                },
            },
        },
    },
}
