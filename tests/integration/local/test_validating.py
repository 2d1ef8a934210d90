"""A folder is judged as an installation would, without a database."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project

from apps.local.opening import NoPlace
from apps.local.validating import validate
from tests.factories import write_pack
from tests.integration.local.conftest import Heard

NOOP = "action: {ref: core.noop}\n"
#: One thing of each kind.
EVERY_KIND = {
    "runtimes/lua.yaml": (
        "name: lua\nextensions: [.lua]\ndetect: [[lua, -v]]\ncommand: ['{interpreter}', '{entry_point}']\n"
    ),
    "roles/runner.yaml": "name: runner\ngrants: ['execution.run@pack:acme']\n",
    "actions/deploy.yaml": "name: deploy\nentry_point: deploy.sh\nparameters: {host: {type: string}}\n",
    "actions/deploy.sh": "echo hello\n",
    "actions/script.yaml": "name: script\nentry_point: script.lua\n",
    "actions/script.lua": "print(1)\n",
    "policies/one.yaml": "name: one\nkind: concurrency\naction: deploy\nlimit: 1\n",
    "triggers/happened.yaml": "name: happened\npayload_schema: {type: object}\n",
    "sensors/watch.yaml": "name: watch\nentry_point: watch.py\ntriggers: [acme.happened]\n",
    "sensors/watch.py": "",
    "rules/own.yaml": "name: own\ntrigger: {type: acme.happened}\naction: {ref: acme.deploy}\n",
    "rules/hook.yaml": (
        "name: hook\ntrigger: {type: core.webhook, parameters: {url: deploy}}\naction: {ref: core.noop}\n"
    ),
    "rules/often.yaml": (
        "name: often\ntrigger: {type: core.interval, parameters: {delta: 60, unit: seconds}}\naction: {ref: b.c}\n"
    ),
    "config.schema.yaml": "region: {type: string, default: north}\n",
}


def found(folder: Path) -> list[tuple[str, int]]:
    return [(error["file"], error["line"]) for error in validate({"folder": str(folder)}, Heard())["errors"]]


def test_every_kind_of_thing_is_read(tmp_path: Path, heard: Heard) -> None:
    answer = validate({"folder": str(write_pack(tmp_path / "acme", files=EVERY_KIND))}, heard)
    assert answer["errors"] == []
    assert answer["content"] == {
        "runtimes": 1, "roles": 1, "actions": 2, "policies": 1, "triggers": 1, "sensors": 1, "rules": 3,
    }  # fmt: skip


def test_all_errors_of_all_files_are_told_with_their_lines(tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path / "acme",
        files={
            "actions/deploy.yaml": "name: deploy\nentry_point: ../deploy.sh\nruntime: cobol\n",
            "actions/json.yaml": "name: json\nname: again\n",
            "rules/own.yaml": "name: own\ntrigger: {type: acme.nothing}\naction:\n  ref: acme.nothing\n",
            "rules/hook.yaml": f"name: hook\ntrigger:\n  type: core.webhook\n  parameters: {{url: /a}}\n{NOOP}",
            "rules/cron.yaml": f"name: cron\ntrigger:\n  type: core.cron\n  parameters: {{expression: x}}\n{NOOP}",
            "rules/late.yaml": "name: late\ntrigger: {type: core.crn}\naction: {ref: core.noop}\n",
        },
    )
    (pack / "link").symlink_to("/etc/hostname")
    assert found(pack) == [
        ("link", 0),
        ("actions/deploy.yaml", 2),
        ("actions/deploy.yaml", 3),
        ("actions/json.yaml", 2),
        ("rules/cron.yaml", 4),
        ("rules/hook.yaml", 4),
        ("rules/late.yaml", 2),
        ("rules/own.yaml", 2),
        ("rules/own.yaml", 4),
    ]


def test_a_command_of_tests_that_no_shell_could_read_is_an_error(tmp_path: Path) -> None:
    assert found(write_pack(tmp_path / "a", more="tests: ['echo \"']\n")) == [("pack.yaml", 3)]
    assert found(write_pack(tmp_path / "b", more="tests: ['']\n")) == [("pack.yaml", 3)]


def test_a_broken_manifest_does_not_hide_what_else_is_wrong(tmp_path: Path) -> None:
    files = {"actions/deploy.yaml": "name: deploy\nentry_point: gone.sh\n"}
    assert found(write_pack(tmp_path / "acme", version="one", more="colour: red\n", files=files)) == [
        ("pack.yaml", 2),
        ("pack.yaml", 3),
        ("actions/deploy.yaml", 2),
    ]


def test_what_belongs_to_other_packs_is_taken_on_trust_and_said(tmp_path: Path, heard: Heard) -> None:
    files = {"rules/far.yaml": "name: far\ntrigger: {type: aws.alarm, parameters: {a: 1}}\naction: {ref: aws.stop}\n"}
    answer = validate({"folder": str(write_pack(tmp_path / "acme", files=files))}, heard)
    assert answer["errors"] == []
    assert answer["remarks"] == ["the trigger aws.alarm is of another pack, so its parameters were not checked"]


def test_attunes_own_names_are_taken(tmp_path: Path) -> None:
    files = {"runtimes/python.yaml": EVERY_KIND["runtimes/lua.yaml"].replace("lua", "python")}
    assert found(write_pack(tmp_path / "acme", files=files)) == [("runtimes/python.yaml", 1)]
    assert found(write_pack(tmp_path / "own", ref="examples")) == [("pack.yaml", 1)]


def test_attunes_own_packs_can_be_installed() -> None:
    packs = [folder for folder in (project.BASE_DIR / "packs").iterdir() if (folder / "pack.yaml").is_file()]
    assert {folder.name: found(folder) for folder in packs} == {folder.name: [] for folder in packs}


def test_a_folder_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    assert found(tmp_path) == [("pack.yaml", 0)]


def test_a_folder_for_copies_that_cannot_be_made_is_told(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "file").write_text("")
    settings.ATTUNE_PACKS_DIR = tmp_path / "file" / "packs"
    with pytest.raises(NoPlace, match="ATTUNE_LOCAL_DIR"):
        found(write_pack(tmp_path / "acme"))
