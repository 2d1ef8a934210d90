"""Parameters and secrets as assignments for bash, quoted so that no value can be anything but a value.

The worker passes them on a descriptor of their own, which the shell wrapper reads first: no start of another
program to parse JSON, and nothing in the environment or in argv.
"""

import re
from collections.abc import Mapping

import orjson

from apps.core.types import JsonValue

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Variables that bash or the loader act upon, that bash refuses to assign, or that Attune gives to every
#: action.
_TAKEN = re.compile(
    r"BASH.*|COMP_.*|DIRSTACK|ENV|EUID|FUNCNAME|GLOBIGNORE|GROUPS|HISTCMD|HISTFILE|HOME|HOSTFILE|IFS|LANG|LANGUAGE|LC_.*"
    r"|LD_.*|LINENO|MAILCHECK|OLDPWD|OPTARG|OPTERR|OPTIND|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PROMPT_COMMAND|PS[0-4]"
    r"|PWD|RANDOM|READLINE_.*|REPLY|SECONDS|SHELL|SHELLOPTS|SHLVL|SRANDOM|TIMEFORMAT|TMOUT|TMPDIR|TZ|UID|_"
    r"|EPOCHSECONDS|EPOCHREALTIME|EXECIGNORE|FIGNORE|INPUTRC|IGNOREEOF|CDPATH|ATTUNE_.*|__attune.*"
)


def bad_shell_name(name: str) -> str | None:
    """Why a parameter of this name cannot be a shell variable, or None."""
    if not _IDENTIFIER.fullmatch(name):
        return "a shell variable is made of letters, digits and `_`, and does not begin with a digit"
    if _TAKEN.fullmatch(name):
        return "bash or Attune give this variable a meaning of their own"
    return None


def shell_assignments(parameters: Mapping[str, JsonValue], secrets: Mapping[str, JsonValue]) -> bytes:
    """What the shell wrapper reads: one variable per parameter, not exported, and an array of the secrets.

    Arrays and objects become JSON text, booleans `true` or `false`, null the empty string. Raises ValueError
    for a name that `bad_shell_name` refuses: packs with such names are not loaded, so it is a bug.
    """
    for name in parameters:
        if problem := bad_shell_name(name):
            raise ValueError(f"{name!r}: {problem}")
    # `export -n` assigns too, and keeps a variable that came with the environment from being passed on.
    lines = [f"export -n {name}={_quoted(value)}" for name, value in parameters.items()]
    pairs = " ".join(f"[{_quoted(name)}]={_quoted(value)}" for name, value in secrets.items())
    lines.append(f"declare -A __attune_secrets=({pairs})")
    return ("\n".join(lines) + "\n").encode()


def _quoted(value: JsonValue) -> str:
    # In single quotes bash gives no character a meaning but the quote itself, which therefore stands outside.
    return "'" + _text(value).replace("'", "'\\''") + "'"


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
