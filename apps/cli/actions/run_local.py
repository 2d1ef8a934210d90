"""Runs an action of a folder on this machine, and tells how it went as `run --wait` does."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.cli.errors import Detail, ExitCode, Failed, InvalidValues, UsageError
from apps.cli.executions.ends import error_lines, print_result
from apps.cli.executions.log_output import LogOutput
from apps.cli.local.asking import Local
from apps.cli.parameters.collecting import collect
from apps.cli.parameters.words import Word, read_word
from apps.cli.session import Session

_ACTION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_ENDS = {"failed": "failed", "timeout": "took longer than it may", "canceled": "was stopped", "abandoned": "was lost"}


@dataclass(frozen=True)
class Target:
    """`action` is a name, or a ref; empty: the only one."""

    folder: Path
    action: str


def target_of(text: str, words: list[str]) -> tuple[Target, list[str]]:
    """What is meant by a folder and an action, or by a file of an action, and the words that are left.

    Raises `UsageError`.
    """
    path = Path(text).expanduser()
    if path.is_dir():
        names_action = bool(words) and _ACTION.fullmatch(words[0]) is not None
        return Target(path, words[0] if names_action else ""), words[1:] if names_action else words
    if not path.is_file():
        raise UsageError(f"There is neither a folder nor a file {text} on this machine.")
    folder = next((parent.parent for parent in path.resolve().parents if parent.name == "actions"), None)
    if folder is None or not (folder / "pack.yaml").is_file():
        raise UsageError(f"{text} is not in the folder actions/ of a pack.")
    return Target(folder, _action_of(path)), words


def _action_of(path: Path) -> str:
    """By its YAML file, or that of its program's name."""
    beside = next((path.with_suffix(end) for end in (".yaml", ".yml") if path.with_suffix(end).is_file()), None)
    if beside is None:
        raise UsageError(f"There is no {path.with_suffix('.yaml').name} beside {path}; name the folder and the action.")
    return beside.stem


@dataclass(frozen=True)
class Given:
    """What the action gets, as it was typed. Of `secrets` those in `demanded` are an error if it does not list them."""

    words: Sequence[str]
    config: Sequence[str]
    secrets: dict[str, str]
    demanded: Sequence[str]


def run_here(session: Session, target: Target, given: Given) -> int:
    """The exit code: 0 where it succeeded."""
    printer = session.printer
    words, config = [read_word(text) for text in given.words], [read_word(text) for text in given.config]
    with (
        LogOutput(sys.stderr, colours=printer.shows_colours(sys.stderr)) as log,
        Local(say=printer.say, log=log.write) as local,
    ):
        where = {"folder": str(target.folder.resolve()), "action": target.action}
        takes = local.ask("describe", **where)
        ended = local.ask(
            "run",
            **where,
            parameters=_collected(words, takes["parameters"], takes["ref"]),
            config=_collected(config, takes["config"], takes["ref"]),
            secrets=given.secrets,
            demanded=list(given.demanded),
        )
    return _tell(session, ended)


def _collected(words: Sequence[Word], declared: dict[str, Any], ref: str) -> dict[str, Any]:
    try:
        return collect(words, declared, action=ref)
    except InvalidValues as error:
        error.hints = [hint for hint in error.hints if "attune action show" not in hint]  # no server knows it
        raise


def _tell(session: Session, ended: dict[str, Any]) -> int:
    printer = session.printer
    if not printer.is_for_people:
        printer.document(ended)
    elif ended["status"] == "succeeded" or ended["result"] is not None:
        print_result(session, ended["result"])
    if ended["artifacts"]:
        printer.say(f"it left files in {ended['artifacts']}")
    if ended["status"] == "succeeded":
        return ExitCode.OK
    printer.complain(_failure(ended))
    return ExitCode.INTERRUPTED if ended["status"] == "canceled" else ExitCode.FAILED


def _failure(ended: dict[str, Any]) -> Failed:
    lines = error_lines(ended["exit_code"], ended["error"]) if ended["error"] else []
    lines += [ended["reason"]["text"]] if ended["reason"] else []
    lines += [f"signal {ended['signal']}"] if ended["signal"] else []
    return Failed(
        ended["status"], f"{ended['action']} {_ENDS[ended['status']]}.", details=[Detail("", line) for line in lines]
    )


def secrets_of(given: Sequence[str] | None, file: str | None) -> dict[str, str]:
    """`NAME=VALUE`, `NAME=@FILE`, or `NAME` for the value of the variable NAME (or its upper case) of the
    environment; what is given by option wins over the file. Raises `UsageError`."""
    found = _secrets_file(file) if file else {}
    for text in given or ():
        word = read_word(text)
        if word.name is not None:
            found[word.name] = word.text
        elif (value := os.environ.get(text, os.environ.get(text.upper()))) is not None:
            found[text] = value
        else:
            raise UsageError(f"--secret {text}: there is no variable of this name; NAME=VALUE, NAME=@FILE or NAME.")
    return found


def _secrets_file(path: str) -> dict[str, str]:
    """Lines `NAME=VALUE`; empty ones and those that begin with # say nothing."""
    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--secrets-file: {path} cannot be read: {error}") from error
    found = {}
    for number, line in enumerate(lines, start=1):
        name, equals, value = line.partition("=")
        if equals and name.strip():
            found[name.strip()] = _unquoted(value.strip())
        elif line.strip() and not line.lstrip().startswith("#"):
            raise UsageError(f"--secrets-file: {path}:{number} is not NAME=VALUE.")  # its text may be a secret
    return found


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
