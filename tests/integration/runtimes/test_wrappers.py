"""The contract of an action in every language with a wrapper, as the runtime's file starts it."""

import json
from pathlib import Path

import pytest

from apps.runtimes.launch import launch_of
from tests.integration.runtimes.actions import NOTHING, Action, Outcome, run_launched
from tests.integration.runtimes.languages import CORE, LANGUAGES, Language, definition_of, need

EVERY = pytest.mark.parametrize("language", LANGUAGES, ids=[item.runtime for item in LANGUAGES])
#: Each of its starts is one of a compiler, so it is asked for what is its own only.
BUT_JAVA = pytest.mark.parametrize("language", LANGUAGES[:-1], ids=[item.runtime for item in LANGUAGES[:-1]])
NAME = 'Zoë "\\ \u2028 😀\n'


def run(
    language: Language, pack_dir: Path, source: str, *, function: str = "", stdin: bytes | None = None, **env: str
) -> Outcome:
    found = need(language.runtime)
    parameters, secrets = {"name": NAME}, {"key": "s3cret"}
    action = Action(
        pack_dir, source, language.file, parameters, secrets, {"attempt": 2}, env={"TMPDIR": str(pack_dir), **env}
    )
    action.stdin = stdin
    action.write()
    launch = launch_of(
        definition_of(language.runtime),
        installation=found.installations[0],
        runtime_dir=CORE,
        pack_dir=pack_dir,
        entry_point=action.file,
        function=function,
        env_dir=_environment(language, Path(found.installations[0].interpreter), pack_dir),
    )
    return run_launched(action, launch)


def _environment(language: Language, interpreter: Path, pack_dir: Path) -> Path:
    """Without anything installed; of Python what its command names, which may be called otherwise where it stands."""
    if language.runtime != "python":
        return interpreter.parents[1]
    program = pack_dir.parent / "environment" / "bin" / "python"
    program.parent.mkdir(parents=True, exist_ok=True)
    if not program.exists():
        program.symlink_to(interpreter)
    return program.parents[1]


@EVERY
def test_run_gets_parameters_secrets_and_context_and_stdin_once_more(language: Language, pack_dir: Path) -> None:
    outcome = run(language, pack_dir, language.answers)
    assert (outcome.exit_code, outcome.stderr, outcome.error) == (0, "", NOTHING)
    assert outcome.stdout == "working\n"
    again = json.loads(outcome.result.pop("again"))
    assert again == {"parameters": {"name": NAME}, "secrets": {"key": "s3cret"}, "context": {"attempt": 2}}
    assert outcome.result == {"hello": NAME, "secret": "s3cret", "absent": None, "attempt": 2}


@EVERY
def test_an_error_is_told_with_its_type_and_the_authors_frames(language: Language, pack_dir: Path) -> None:
    outcome = run(language, pack_dir, language.fails)
    assert outcome.exit_code == 1
    assert outcome.result is NOTHING
    assert (outcome.error["type"], outcome.error["message"]) == (language.error_type, "no luck")
    assert outcome.error["traceback"] == outcome.stderr
    assert "deep" in outcome.stderr
    assert language.file in outcome.stderr
    assert "wrappers" not in outcome.stderr
    assert "AttuneAction" not in outcome.stderr


@EVERY
def test_another_function_may_be_named_and_the_packs_lib_is_found(language: Language, pack_dir: Path) -> None:
    (pack_dir / "lib").mkdir()
    name, source = language.lib
    (pack_dir / "lib" / name).write_text(source)
    outcome = run(language, pack_dir, language.named, function="greet")
    assert (outcome.stderr, outcome.exit_code) == ("", 0)
    assert outcome.result == f"Hello, {NAME}"


@EVERY
def test_a_file_without_a_function_is_a_plain_program(language: Language, pack_dir: Path) -> None:
    outcome = run(language, pack_dir, language.script)
    assert json.loads(outcome.stdout)["parameters"] == {"name": NAME}
    assert (outcome.exit_code, outcome.stderr) == (3, "")
    assert (outcome.result, outcome.error) == (NOTHING, NOTHING)


@BUT_JAVA
def test_a_plain_program_may_ask_for_another_form_of_input(language: Language, pack_dir: Path) -> None:
    assert run(language, pack_dir, language.script, stdin=b"name: x\n").stdout == "name: x\n\n"


@BUT_JAVA
def test_a_function_that_got_no_json_says_so(language: Language, pack_dir: Path) -> None:
    outcome = run(language, pack_dir, language.answers, stdin=b"name: x\n")
    assert outcome.exit_code == 1
    assert "parameter_format: json" in outcome.error["message"]


@BUT_JAVA
def test_a_result_that_is_no_json_fails_and_says_so(language: Language, pack_dir: Path) -> None:
    outcome = run(language, pack_dir, language.not_json)
    assert outcome.exit_code == 1
    assert outcome.result is NOTHING
    assert "the returned value is not JSON" in outcome.error["message"]


@BUT_JAVA
def test_a_named_function_that_is_missing_is_told(language: Language, pack_dir: Path) -> None:
    outcome = run(language, pack_dir, language.answers, function="resize")
    assert outcome.exit_code == 1
    assert "resize" in outcome.error["message"]


@BUT_JAVA
def test_a_source_that_cannot_be_read_is_told(language: Language, pack_dir: Path) -> None:
    broken = "<?php\nfunction {" if language.runtime == "php" else "((( {"
    outcome = run(language, pack_dir, broken)
    assert outcome.exit_code in (1, 255)
    assert language.file in outcome.stderr
