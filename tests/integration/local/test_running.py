"""An action of a folder runs as a worker would run it."""

from pathlib import Path
from typing import Any

import pytest

from apps.actions.parameters import InvalidParameters
from apps.core.errors import Invalid
from apps.local.running import UnknownActionHere, describe, run_action
from apps.packs.loader import PackInvalid
from tests.factories import write_pack
from tests.integration.local.conftest import ECHO_FILES, Heard


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "acme", files=ECHO_FILES)


def run(pack: Path, heard: Heard, action: str = "", **wish: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"parameters": {}, "secrets": {}, "demanded": [], "config": {}}
    return run_action({"folder": str(pack), "action": action, **nothing, **wish}, heard)


def test_it_gets_what_an_execution_gets(pack: Path, heard: Heard) -> None:
    ended = run(pack, heard, "acme.echo", parameters={"name": "Ada"})
    result = ended["result"]
    assert (ended["status"], ended["action"], result["given"]) == ("succeeded", "acme.echo", {"name": "Ada"})
    context = result["document"]["context"]
    assert set(context) == {
        "execution_id", "attempt", "action", "pack", "config", "api_url", "trace_id", "work_dir", "artifacts_dir",
    }  # fmt: skip
    assert result["cwd"] == context["work_dir"] == result["environ"]["HOME"]
    assert result["environ"]["COLOUR"] == "red"
    assert "XDG_CACHE_HOME" not in result["all"]
    assert "DJANGO_SETTINGS_MODULE" not in result["all"], "nothing of the caller's own"
    assert heard.logged == "working with\n"


def test_secrets_are_handed_over_and_seen_nowhere(pack: Path, heard: Heard) -> None:
    secrets = {"api_key": "hunter2-and-more", "other": "not-asked-for"}
    ended = run(pack, heard, secrets=secrets, parameters={"token": "s3cret-token"})
    assert ended["result"]["document"]["secrets"] == {"api_key": "***"}
    assert ended["result"]["given"] == {"name": "World", "token": "***"}
    assert heard.logged == "working with ***\n"
    assert "hunter2" not in heard.out.getvalue() + str(ended)


def test_a_secret_it_lists_and_lacks_is_said(pack: Path, heard: Heard) -> None:
    ended = run(pack, heard)
    assert ended["reason"]["code"] == "keys_lacking"
    assert any("no secret api_key" in text for text in heard.said)


def test_a_secret_it_does_not_list_is_refused(pack: Path, heard: Heard) -> None:
    with pytest.raises(Invalid, match="only the secrets it lists: api_key"):
        run(pack, heard, secrets={"other": "x"}, demanded=["other"])


def test_parameters_that_do_not_fit_run_nothing(pack: Path, heard: Heard) -> None:
    with pytest.raises(InvalidParameters):
        run(pack, heard, parameters={"name": 7, "colour": "red"})
    assert heard.messages == []


def test_an_unknown_action_and_a_broken_pack_are_told(pack: Path, heard: Heard) -> None:
    with pytest.raises(UnknownActionHere, match="there are: echo"):
        run(pack, heard, "ehco")
    (pack / "actions" / "echo.py").unlink()
    with pytest.raises(PackInvalid):
        run(pack, heard, "echo")


def test_it_says_what_it_takes(pack: Path, heard: Heard) -> None:
    takes = describe({"folder": str(pack), "action": "echo"}, heard)
    assert (takes["ref"], list(takes["parameters"]), takes["config"]) == ("acme.echo", ["name", "token"], {})


@pytest.mark.parametrize(
    ("action", "source", "ends"),
    [
        ("timeout_s: 0.2\n", "while :; do read -t 1 <> <(:); done\n", ("timeout", "timeout")),
        ("", "echo broken >&2; exit 3\n", ("failed", "exit_code")),
        ("", "kill -SEGV $$\n", ("failed", "signal")),
        ("output: {type: object, required: [count]}\n", "echo '{}'\n", ("failed", "bad_output")),
        ("secrets: [a]\nenv: {B: c-value}\n", "echo hello\n", ("failed", "secret_in_environment")),
    ],
)
def test_it_ends_as_an_execution_ends(
    tmp_path: Path, heard: Heard, action: str, source: str, ends: tuple[str, str]
) -> None:
    text = f"name: act\nruntime: shell\nentry_point: act.sh\n{action}"
    pack = write_pack(tmp_path / "acme", files={"actions/act.yaml": text, "actions/act.sh": source})
    ended = run(pack, heard, secrets={"a": "c-value"})
    assert (ended["status"], ended["error"]["type"]) == ends


def test_files_it_leaves_stay_and_their_folder_is_told(tmp_path: Path, heard: Heard) -> None:
    source = 'cp /dev/stdin "$(grep -o \'"artifacts_dir":"[^"]*\' | cut -d\\" -f4)/left.txt"\n'
    text = "name: act\nruntime: shell\nentry_point: act.sh\n"
    pack = write_pack(tmp_path / "acme", files={"actions/act.yaml": text, "actions/act.sh": source})
    folder = Path(run(pack, heard)["artifacts"])
    assert [path.name for path in folder.iterdir()] == ["left.txt"]
    (folder / "left.txt").unlink()
    folder.rmdir()
    folder.parent.rmdir()


def test_the_packs_configuration_is_handed_over_and_checked(tmp_path: Path, heard: Heard) -> None:
    files = {
        **ECHO_FILES,
        "config.schema.yaml": "region: {type: string, default: north}\npin: {type: integer, secret: true}\n",
    }
    pack = write_pack(tmp_path / "acme", files=files)
    ended = run(pack, heard, config={"pin": 123456})
    assert ended["result"]["document"]["context"]["config"] == {"region": "north", "pin": "***"}
    with pytest.raises(Invalid, match=r"config\.schema\.yaml"):
        run(pack, heard, config={"region": 7})


@pytest.mark.parametrize("value", [2**70, "\udcff", "\0", float("inf")], ids=["big", "bytes", "nul", "infinite"])
def test_what_a_server_would_not_take_is_not_taken_here(pack: Path, heard: Heard, value: Any) -> None:
    for name in ("parameters", "config", "secrets"):
        with pytest.raises(Invalid) as refused:
            run(pack, heard, "", **{name: {"name": value}})
        assert [error.pointer for error in refused.value.errors] == [f"/{name}/name"]


def test_a_large_result_whose_folder_the_action_removed_is_told(tmp_path: Path, heard: Heard) -> None:
    code = "import os\ndef run():\n    os.rmdir(get_context()['artifacts_dir'])\n    return {'x': 'x' * 2_000_000}\n"
    files = {"actions/echo.yaml": "name: echo\nentry_point: echo.py\n", "actions/echo.py": code}
    ended = run(write_pack(tmp_path / "acme", files=files), heard)
    assert (ended["status"], ended["error"]["type"]) == ("failed", "result_not_kept")
