"""Packs and actions made through the API: files of an ad-hoc pack, told by field when they are wrong."""

import os
from collections.abc import Mapping
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.actions.models import Action
from apps.packs.locking import lock_pack
from apps.packs.models import Pack, PackVersion
from apps.packs.services import ad_hoc, remove
from apps.packs.versions import folder_of
from tests.factories import make_runtimes, write_pack
from tests.integration.api.test_packs import install

PACKS = "/api/v1/packs"
ACTIONS = "/api/v1/actions"
CODE = '#!/bin/bash\necho "hello $name"\n'
HELLO: Mapping[str, Any] = {
    "pack": "mine",
    "name": "hello",
    "runtime": "shell",
    "description": "Greets: 'x' # no comment\n\tand \u00e4 \x85 \U0001f600",
    "parameters": {"name": {"type": "string", "default": "0o17", "enum": ["0o17", "yes", "1.10"]}},
    "code": CODE,
}


@pytest.fixture(autouse=True)
def shell(settings: Any, tmp_path_factory: pytest.TempPathFactory, administrator: APIClient) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")
    make_runtimes("shell")


@pytest.fixture
def mine(administrator: APIClient) -> Any:
    body = {"ref": "mine", "label": "Mine", "version": "0.1.0", "meta": {"team": "ops", "since": "2026-11-22"}}
    answer = administrator.post(PACKS, body, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 400, answer.content
    return [error["pointer"] for error in answer.json()["errors"]]


def digest(client: APIClient, ref: str = "mine") -> str:
    return str(client.get(f"{PACKS}/{ref}").json()["digest"])


def test_a_pack_and_its_actions_are_files_like_any_others(administrator: APIClient, mine: Any) -> None:
    assert (mine["ad_hoc"], mine["source"], mine["version"], mine["actions"]) == (True, "api", "0.1.0", 0)
    answer = administrator.post(ACTIONS, HELLO, format="json")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    told = {name: made[name] for name in ("ref", "description", "runtime", "entry_point", "parameters")}
    assert told == {
        "ref": "mine.hello", "description": HELLO["description"], "runtime": "shell", "entry_point": "hello.sh",
        "parameters": HELLO["parameters"],
    }  # fmt: skip
    version = PackVersion.objects.get(digest=digest(administrator))
    folder = folder_of("mine", version.digest)
    assert sorted(path.name for path in folder.rglob("*")) == ["actions", "hello.sh", "hello.yaml", "pack.yaml"]
    assert (folder / "actions/hello.sh").read_text() == CODE
    assert version.manifest["meta"] == {"team": "ops", "since": "2026-11-22"}


def test_each_change_is_a_version_by_its_digest(administrator: APIClient, mine: Any) -> None:
    seen = [mine["digest"]]
    administrator.post(ACTIONS, HELLO, format="json")
    seen.append(digest(administrator))
    changes: list[Any] = [
        {"code": "echo other\n"},
        {"timeout_s": 5, "description": "short"},
        {"entry_point": "run/it.sh", "code": "true\n"},
    ]
    for change in changes:
        answer = administrator.patch(f"{ACTIONS}/mine.hello", change, format="json")
        assert answer.status_code == 200, answer.content
        seen.append(digest(administrator))
    assert (answer.json()["timeout_s"], answer.json()["parameters"]) == (5, HELLO["parameters"])
    folder = folder_of("mine", seen[-1])
    assert [path.name for path in (folder / "actions").rglob("*.sh")] == ["it.sh"], "the old program is gone"
    whole = {"runtime": "shell", "description": "whole"}
    answer = administrator.put(f"{ACTIONS}/mine.hello", whole, format="json")
    assert (answer.json()["entry_point"], answer.json()["parameters"]) == ("run/it.sh", {})
    seen.append(digest(administrator))
    assert len(set(seen)) == len(seen)
    assert administrator.delete(f"{ACTIONS}/mine.hello").status_code == 204
    assert digest(administrator) == seen[0], "the same content is the same version"
    assert not Action.objects.filter(ref="mine.hello").exists()
    assert administrator.get(f"{PACKS}/mine").json()["version"] == "0.1.0"


def test_the_versions_of_a_pack_are_told_page_by_page(administrator: APIClient, mine: Any) -> None:
    for version in ("0.2.0", "0.3.0"):
        administrator.patch(f"{PACKS}/mine", {"version": version}, format="json")
    first = administrator.get(f"{PACKS}/mine/versions", {"limit": "2", "fields": "version,serves"}).json()
    assert first["results"] == [{"version": "0.3.0", "serves": True}, {"version": "0.2.0", "serves": False}]
    rest = administrator.get(f"{PACKS}/mine/versions", {"limit": "2", "cursor": first["next"]}).json()
    assert ([row["version"] for row in rest["results"]], rest["next"]) == (["0.1.0"], None)


def test_what_a_pack_says_of_itself_is_changed(administrator: APIClient, mine: Any) -> None:
    administrator.post(ACTIONS, HELLO, format="json")
    answer = administrator.patch(f"{PACKS}/mine", {"label": "yes", "version": "0.2.0", "enabled": False}, format="json")
    assert {name: answer.json()[name] for name in ("label", "version", "enabled", "actions")} == {
        "label": "yes", "version": "0.2.0", "enabled": False, "actions": 1,
    }  # fmt: skip
    answer = administrator.put(f"{PACKS}/mine", {"version": "1.0.0"}, format="json")
    assert (answer.json()["label"], answer.json()["version"], answer.json()["enabled"]) == ("mine", "1.0.0", False)
    assert administrator.get(f"{ACTIONS}/mine.hello").json()["pack_version"] == "1.0.0"
    assert administrator.delete(f"{PACKS}/mine").status_code == 204
    assert administrator.get(f"{PACKS}/mine").status_code == 404


def test_a_version_that_another_pack_needs_is_left_only_by_force(
    administrator: APIClient, mine: Any, tmp_path: Any
) -> None:
    install(administrator, write_pack(tmp_path, ref="shop", more="dependencies: ['mine<1']\n"))
    for send, body in ((administrator.patch, {"version": "1.0.0"}), (administrator.put, {"version": "1.1.0"})):
        refused = send(f"{PACKS}/mine", body, format="json")
        assert (refused.status_code, refused.json()["code"]) == (409, "in_use"), refused.content
        assert refused.json()["uses"] == [{"kind": "pack", "name": "shop", "text": "needs mine<1"}]
    assert digest(administrator) == mine["digest"]
    changed = administrator.patch(f"{PACKS}/mine?force=true", {"version": "1.0.0"}, format="json")
    assert (changed.status_code, changed.json()["version"]) == (200, "1.0.0")


def test_mistakes_are_told_by_field_and_change_nothing(administrator: APIClient, mine: Any) -> None:
    before = digest(administrator)
    for change, wrong in (
        ({"runtime": "cobol"}, ["/runtime"]),
        ({"name": "../x"}, ["/name"]),
        ({"timeout_s": -1, "pool": "A B"}, ["/pool", "/timeout_s"]),
        ({"entry_point": "../../etc/x"}, ["/entry_point"]),
        ({"entry_point": "/etc/x"}, ["/entry_point"]),
        ({"entry_point": "hello.yaml"}, ["/entry_point"]),
        ({"entry_point": f"{'x' * 256}.sh"}, ["/entry_point"]),
        (
            {"parameters": {"a b": {}, "c": {"type": "integer", "default": "x"}}},
            ["/parameters/a b", "/parameters/c/default"],
        ),
        ({"parameters": {"x": {"type": "stringy"}}}, ["/parameters/x"]),
        ({"env": {"LD_PRELOAD": "x"}}, ["/env/LD_PRELOAD"]),
        ({"code_base64": "x"}, ["/code"]),
        ({"code": 5}, ["/code"]),
        ({"colour": "red"}, ["/colour"]),
    ):
        answer = administrator.post(ACTIONS, {**HELLO, **change}, format="json")
        assert sorted(set(pointers(answer))) == wrong, change
    without_code = {name: value for name, value in HELLO.items() if name != "code"}
    assert pointers(administrator.post(ACTIONS, without_code, format="json")) == ["/entry_point"]
    assert digest(administrator) == before
    for body, wrong in (
        ({"ref": "My Pack", "version": "1.0.0"}, ["/ref"]),
        ({"ref": "other", "version": "1.0"}, ["/version"]),
        ({"ref": "other"}, ["/version"]),
    ):
        assert pointers(administrator.post(PACKS, body, format="json")) == wrong
    assert administrator.patch(f"{PACKS}/mine", {}, format="json").status_code == 400


def test_what_is_there_already_is_409(administrator: APIClient, mine: Any) -> None:
    assert administrator.post(PACKS, {"ref": "mine", "version": "1.0.0"}, format="json").json()["code"] == "ref_taken"
    assert administrator.post(PACKS, {"ref": "core", "version": "1.0.0"}, format="json").json()["code"] == "ref_taken"
    administrator.post(ACTIONS, HELLO, format="json")
    assert administrator.post(ACTIONS, HELLO, format="json").json()["code"] == "action_taken"
    other = {**HELLO, "name": "other", "entry_point": "hello.sh"}
    assert pointers(administrator.post(ACTIONS, other, format="json")) == ["/entry_point"]
    assert administrator.post(ACTIONS, {**HELLO, "pack": "nothing"}, format="json").json()["code"] == "unknown_pack"


def test_a_program_that_another_action_starts_or_is_outlives_the_action_that_named_it(
    administrator: APIClient, mine: Any
) -> None:
    administrator.post(ACTIONS, HELLO, format="json")
    named = {"pack": "mine", "name": "other", "runtime": "shell"}
    for entry_point in ("./hello.sh", "hello.yaml"):
        answer = administrator.post(ACTIONS, {**named, "entry_point": entry_point}, format="json")
        assert answer.status_code == 201, answer.content
        assert administrator.delete(f"{ACTIONS}/mine.other").status_code == 204
        folder = folder_of("mine", digest(administrator))
        assert sorted(path.name for path in (folder / "actions").iterdir()) == ["hello.sh", "hello.yaml"]
    third = {**named, "name": "third", "code": "true\n", "entry_point": "hello.sh"}
    assert pointers(administrator.post(ACTIONS, third, format="json")) == ["/entry_point"]


def test_a_program_can_be_executed_once_its_action_is_native(administrator: APIClient, mine: Any) -> None:
    make_runtimes("shell", "native")
    administrator.post(ACTIONS, {**HELLO, "code": "echo hello\n"}, format="json")
    answer = administrator.patch(f"{ACTIONS}/mine.hello", {"runtime": "native"}, format="json")
    assert (answer.status_code, answer.json().get("runtime")) == (200, "native"), answer.content
    assert os.access(folder_of("mine", digest(administrator)) / "actions/hello.sh", os.X_OK)


def test_what_somebody_else_has_just_removed_is_not_there(
    administrator: APIClient, mine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator.post(ACTIONS, HELLO, format="json")
    for module, url in ((ad_hoc, f"{ACTIONS}/mine.hello"), (remove, f"{PACKS}/mine")):
        with monkeypatch.context() as patched:

            def lock_as_the_second(ref: str, *, module: Any = module, url: str = url, patched: Any = patched) -> None:
                patched.undo()
                assert administrator.delete(url).status_code == 204
                lock_pack(ref)

            patched.setattr(module, "lock_pack", lock_as_the_second)
            answer = administrator.delete(url)
        assert (answer.status_code, answer.json()["code"][:7]) == (404, "unknown"), answer.content


def test_a_pack_that_was_installed_is_changed_where_it_came_from(administrator: APIClient, tmp_path: Any) -> None:
    install(administrator, write_pack(tmp_path))
    for answer in (
        administrator.post(ACTIONS, {**HELLO, "pack": "acme"}, format="json"),
        administrator.patch(f"{ACTIONS}/acme.deploy", {"timeout_s": 5}, format="json"),
        administrator.put(f"{ACTIONS}/acme.deploy", {"runtime": "shell"}, format="json"),
        administrator.delete(f"{ACTIONS}/acme.deploy"),
        administrator.patch(f"{PACKS}/acme", {"label": "x"}, format="json"),
        administrator.put(f"{PACKS}/acme", {"version": "2.0.0"}, format="json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "pack_not_ad_hoc")
    assert administrator.patch(f"{ACTIONS}/acme.deploy", {"enabled": False}, format="json").status_code == 200


def test_an_installation_replaces_an_ad_hoc_pack_only_by_force(
    administrator: APIClient, mine: Any, tmp_path: Any
) -> None:
    source = write_pack(tmp_path, ref="mine", version="1.0.0")
    assert install(administrator, source)["error"]["code"] == "pack_ad_hoc"
    assert install(administrator, source, force=True)["status"] == "succeeded"
    assert administrator.get(f"{PACKS}/mine").json()["ad_hoc"] is False


def test_what_was_read_before_is_not_overwritten(administrator: APIClient, mine: Any) -> None:
    administrator.post(ACTIONS, HELLO, format="json")
    for url, change in ((f"{ACTIONS}/mine.hello", {"description": "x"}), (f"{PACKS}/mine", {"label": "x"})):
        tag = administrator.get(url).headers["ETag"]
        assert administrator.patch(url, change, format="json", headers={"If-Match": tag}).status_code == 200
        assert administrator.patch(url, change, format="json", headers={"If-Match": tag}).json()["code"] == "changed"


def test_only_who_may_install_writes_code(owner: APIClient, administrator: APIClient, mine: Any) -> None:
    administrator.post(ACTIONS, HELLO, format="json")
    for answer in (
        owner.post(PACKS, {"ref": "x", "version": "1.0.0"}, format="json"),
        owner.post(ACTIONS, HELLO, format="json"),
        owner.put(f"{ACTIONS}/mine.hello", {"runtime": "shell"}, format="json"),
        owner.delete(f"{ACTIONS}/mine.hello"),
        owner.delete(f"{PACKS}/mine"),
    ):
        assert (answer.status_code, answer.json()["verb"]) == (403, "pack.install")
    assert Pack.objects.filter(ref="mine").exists()
