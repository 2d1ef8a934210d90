"""Runtime files as values, and everything that can be wrong with one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.runtimes.definition import RuntimeDefinition, errors_of

ROOT = Path(__file__).resolve().parents[3]
CORE = ROOT / "packs/core/runtimes"


def minimal(**fields: Any) -> dict[str, Any]:
    return {"name": "lua", "detect": [["lua", "-v"]], "command": ["{interpreter}", "{entry_point}"], **fields}


def pointers(body: dict[str, Any]) -> list[str]:
    return [error.pointer for error in errors_of(body)]


FILES = sorted(CORE.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_runtimes_of_core_are_valid_and_their_wrappers_are_there(file: Path) -> None:
    body = yaml.safe_load(file.read_text())
    assert errors_of(body) == []
    definition = RuntimeDefinition.from_json(body)
    assert definition.name == file.stem
    assert (CORE / (definition.wrapper or "")).exists()
    assert definition.server is None or (CORE / definition.server).is_file()


@pytest.mark.parametrize("file", sorted((CORE / "wrappers").iterdir()), ids=lambda file: file.name)
def test_a_wrapper_is_short_enough_to_be_read_before_it_is_trusted(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert len([line for line in lines if line.strip()]) < 60
    assert max(map(len, lines)) <= 125


def test_the_page_of_languages_shows_the_runtime_of_the_go_example_as_it_is() -> None:
    page = (ROOT / "docs/packs/languages.md").read_text()
    assert (ROOT / "packs/examples_go/runtimes/go.yaml").read_text() in page


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_definition_survives_json(file: Path) -> None:
    definition = RuntimeDefinition.from_json(yaml.safe_load(file.read_text()))
    assert RuntimeDefinition.from_json(definition.as_json()) == definition


def test_what_is_left_out_has_a_default() -> None:
    definition = RuntimeDefinition.from_json(minimal())
    assert definition.label == "lua"
    assert definition.environment.provider == "none"
    assert definition.has_environments is False
    assert definition.assignments is None


def test_equal_definitions_are_one_key() -> None:
    assert len({RuntimeDefinition.from_json(minimal()), RuntimeDefinition.from_json(minimal())}) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (minimal(colour="blue"), "/colour"),
        ({"name": "lua", "command": ["x"]}, "/detect"),
        (minimal(name="Lua"), "/name"),
        (minimal(name="lua-5.4"), "/name"),
        (minimal(detect="lua -v"), "/detect"),
        (minimal(detect=[[]]), "/detect/0"),
        (minimal(command=["a\0b"]), "/command/0"),
        (minimal(environment={"provider": "command"}), "/environment"),
        (minimal(environment={"provider": "npm", "create": ["true"]}), "/environment/create"),
        (minimal(environment={"provider": "command", "install": ["true"]}), "/environment/manifest"),
        (minimal(environment={"provider": "command", "create": ["{pack_dir}/x"]}), "/environment/create/0"),
        (minimal(wrapper="../outside.lua"), "/wrapper"),
        (minimal(wrapper="/etc/passwd"), "/wrapper"),
        (minimal(extensions=["lua"]), "/extensions/0"),
        (minimal(env={"ATTUNE_RESULT_FD": "3"}), "/env"),
        (minimal(environment={"provider": "docker"}), "/environment/provider"),
        (minimal(environment={"provider": "virtualenv", "manifest": "a/../../b"}), "/environment/manifest"),
    ],
)
def test_a_wrong_field_is_told_with_its_place(body: dict[str, Any], pointer: str) -> None:
    assert pointers(body) == [pointer]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (minimal(command=["{interpreter}", "{entrypoint}"]), "/command/1"),
        (minimal(validate=["{entry_point}"]), "/validate/0"),
        (minimal(env={"LUA_PATH": "{packdir}"}), "/env/LUA_PATH"),
        (
            minimal(environment={"provider": "command", "manifest": "x", "install": ["{function}"]}),
            "/environment/install/0",
        ),
        (
            minimal(environment={"provider": "virtualenv", "executable": "{pack_dir}"}),
            "/environment/executable",
        ),
        (minimal(environment={"provider": "virtualenv", "path": ["{bin}"]}), "/environment/path/0"),
    ],
)
def test_an_unknown_name_in_a_template_is_an_error_that_says_which_are_known(
    body: dict[str, Any], pointer: str
) -> None:
    (error,) = errors_of(body)
    assert (error.pointer, error.code) == (pointer, "unknown_name")
    assert "{interpreter}" in error.detail


def test_a_template_may_not_ask_for_an_environment_there_is_none_of() -> None:
    assert pointers(minimal(command=["{env_dir}/bin/lua"])) == ["/command/0"]


def test_a_template_may_not_ask_for_a_wrapper_there_is_none_of() -> None:
    assert pointers(minimal(command=["{interpreter}", "{wrapper}"])) == ["/command/1"]


def test_a_server_needs_a_wrapper() -> None:
    assert pointers(minimal(server="servers/lua.lua")) == ["/server"]
    assert pointers(minimal(server="servers/lua.lua", wrapper="wrappers/lua.lua")) == []


def test_commands_of_detect_are_no_templates() -> None:
    assert errors_of(minimal(detect=[["lua", "-e", "print({version}[1])"]])) == []


@pytest.mark.parametrize("name", ["workflow", "inquiry"])
def test_names_with_another_meaning_in_action_files_are_refused(name: str) -> None:
    assert pointers(minimal(name=name)) == ["/name"]
    assert pointers(minimal(aliases=["l", name])) == ["/aliases/1"]
