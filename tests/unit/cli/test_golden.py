"""All that the command line prints, held against files in `golden/`.

After a change that is meant, write them anew and read the difference before it is committed:

    script/test tests/unit/cli/test_golden.py --update
    git diff tests/unit/cli/golden

`golden/*.json` and `*.yaml` are documents that scripts rely on: a name that goes or changes its meaning breaks them.
"""

import json
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from apps.cli.main import Root, root
from tests.integration.cli.canned import Canned, serving
from tests.unit.cli.golden_cases import CASES, usual

_GOLDEN = Path(__file__).with_name("golden")
_NOW = datetime(2026, 11, 21, 14, 30, 0, 500_000, tzinfo=UTC)
#: Stands for the canned Attune's address, which differs from run to run.
_URL = "http://attune.example"
_FOREIGN = ("ATTUNE_URL", "ATTUNE_TOKEN", "ATTUNE_PROFILE", "ATTUNE_DEBUG", "NO_COLOR", "TERM")

Compare = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same clock, width, zone and speed wherever it runs."""
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("apps.cli.clock.now", lambda: _NOW)
    monkeypatch.setattr("apps.cli.doctor.deployment.time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serving() as server:
        server.date = "Sat, 21 Nov 2026 14:30:00 GMT"
        usual(server)
        yield server


@pytest.fixture
def config(canned: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(f'[profiles.default]\nurl = "{canned.url}"\ntoken = "att_WHyLY4d0KEgo_secret"\n')
    file.chmod(0o600)
    monkeypatch.setenv("ATTUNE_CONFIG", str(file))
    return file


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    """Holds a text against its file, or writes the file with --update."""
    is_updating = request.config.getoption("--update", default=False)

    def check(name: str, text: str) -> None:
        file = _GOLDEN / name
        if is_updating:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is not there yet: run with --update, and read what it says"
        assert text == file.read_text(encoding="utf-8")

    return check


@pytest.mark.parametrize("name", CASES)
def test_what_is_printed_is_what_was_agreed(name: str, canned: Canned, config: Path, compare: Compare) -> None:
    case = CASES[name]
    case.prepare(canned)
    ended = CliRunner().invoke(root, shlex.split(case.words), prog_name="attune")
    out, err = (_stable(text, canned, config) for text in (ended.stdout, ended.stderr))
    if name.endswith(".txt"):
        compare(
            name, f"$ attune {case.words}\n{_part('stdout', out)}{_part('stderr', err)}exit code {ended.exit_code}\n"
        )
    else:
        compare(name, out)
        assert _read(name, out) is not Ellipsis


def test_json_and_yaml_are_the_same_documents(canned: Canned, config: Path) -> None:
    for name, case in CASES.items():
        if name.endswith(".json") and "127.0.0.1:1" not in case.words:
            with serving() as other:
                other.date = canned.date
                usual(other)
                case.prepare(other)
                words = [*shlex.split(case.words.replace("--json", "--yaml")), "--url", other.url]
                said = (
                    CliRunner().invoke(root, [*words, "--token", "att_WHyLY4d0KEgo_secret"], prog_name="attune").stdout
                )
            golden = json.loads((_GOLDEN / name).read_text(encoding="utf-8"))
            assert _without_place(yaml.safe_load(said)) == _without_place(golden), name


@pytest.mark.parametrize("noun", ["", *Root.nouns])
def test_every_help_is_what_was_agreed(noun: str, compare: Compare) -> None:
    texts = [_help(words) for words in _commands(noun)]
    compare(f"help/{noun or 'attune'}.txt", "\n".join(texts))


def test_every_command_argument_and_option_says_what_it_is() -> None:
    silent = []
    for path, command in _walk(typer.main.get_command(root), "attune"):
        if not command.help:
            silent.append(path)
        silent += [f"{path} {parameter.name}" for parameter in command.params if not parameter.help]
    assert silent == []


def test_no_golden_file_is_left_behind() -> None:
    wanted = {*CASES, *(f"help/{noun}.txt" for noun in ("attune", *Root.nouns))}
    assert {file.relative_to(_GOLDEN).as_posix() for file in _GOLDEN.rglob("*.*")} == wanted


def _stable(text: str, canned: Canned, config: Path) -> str:
    host, other = (url.partition("//")[2] for url in (canned.url, _URL))
    return text.replace(host, other).replace(str(config), "~/.config/attune/config.toml")


def _part(name: str, text: str) -> str:
    ending = "" if text.endswith("\n") or not text else "\n[no newline at the end]\n"
    return f"--- {name}\n{text}{ending}" if text else ""


def _read(name: str, text: str) -> Any:
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def _without_place(document: Any) -> Any:
    """Without what tells of the address and of the option that named it."""
    if isinstance(document, dict) and "findings" in document:
        return [finding for finding in document["findings"] if finding["check"] not in ("profile", "reach", "token")]
    return document


def _commands(noun: str) -> list[list[str]]:
    if not noun:
        return [[]]
    command = Root.nouns[noun].load()
    return [[noun], *([noun, verb] for verb in getattr(command, "commands", {}))]


def _help(words: list[str]) -> str:
    ended = CliRunner().invoke(root, [*words, "--help"], prog_name="attune")
    assert ended.exit_code == 0
    return f"$ {' '.join(['attune', *words, '--help'])}\n{ended.stdout}"


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _walk(inner, f"{path} {name}")
