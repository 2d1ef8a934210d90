from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.actions.models import Action
from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.models import Pack, PackVersion
from tests.factories import make_action, make_runtimes, write_pack
from tests.factories.packs import ACTION

URL = "/api/v1/packs"
INSTALL = "/api/v1/packs/install"


@pytest.fixture(autouse=True)
def shell(settings: Any, tmp_path_factory: pytest.TempPathFactory, administrator: APIClient) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")
    make_runtimes("shell")


def install(client: APIClient, source: object, **options: object) -> Any:
    """The operation, after a conductor has run it."""
    answer = client.post(INSTALL, {"source": str(source), **options}, format="json")
    assert answer.status_code == 202, answer.content
    assert (answer.json()["status"], answer.json()["kind"]) == ("pending", "pack.install")
    run_operation(answer.json()["id"])
    return client.get(f"/api/v1/operations/{answer.json()['id']}").json()


def test_a_pack_is_installed_listed_and_shown(administrator: APIClient, owner: APIClient, tmp_path: Path) -> None:
    operation = install(administrator, write_pack(tmp_path, more="label: Acme\nauthor: Ann\nkeywords: [web]\n"))
    assert (operation["status"], operation["progress"], operation["error"]) == ("succeeded", 100, None)
    assert operation["outcome"]["content"] == {"actions": 1}
    assert [step["status"] for step in operation["steps"]] == ["succeeded"] * 4
    (listed,) = owner.get(URL).json()["results"]
    assert listed == owner.get(f"{URL}/acme").json()
    facts = {name: listed[name] for name in ("ref", "label", "version", "author", "keywords", "actions", "enabled")}
    assert facts == {
        "ref": "acme", "label": "Acme", "version": "1.0.0", "author": "Ann", "keywords": ["web"], "actions": 1,
        "enabled": True,
    }  # fmt: skip
    assert listed["digest"] == operation["outcome"]["digest"]
    assert owner.get(listed["links"]["actions"]).json()["results"][0]["ref"] == "acme.deploy"
    assert owner.get(f"{URL}/nothing").json()["code"] == "unknown_pack"


def test_only_who_may_install_asks_for_it(owner: APIClient, stranger: APIClient, tmp_path: Path) -> None:
    write_pack(tmp_path)
    answer = owner.post(INSTALL, {"source": str(tmp_path)}, format="json")
    assert (answer.status_code, answer.json()["verb"]) == (403, "pack.install")
    assert stranger.post(INSTALL, {"source": str(tmp_path)}, format="json").status_code == 401
    assert not Operation.objects.exists()


def test_every_mistake_is_told_with_file_and_line_and_nothing_changes(administrator: APIClient, tmp_path: Path) -> None:
    install(administrator, write_pack(tmp_path / "good"))
    before = [list(model._default_manager.values()) for model in (Pack, PackVersion, Action)]
    files = {
        "actions/broken.yaml": "name: [\n",
        "actions/double.yaml": "name: a\nname: b\n",
        "actions/lost.yaml": ACTION.format(name="lost"),
        "actions/typed.yaml": ACTION.format(name="typed") + "timeout_s: soon\n",
        "actions/typed.sh": "true\n",
    }
    operation = install(administrator, write_pack(tmp_path / "bad", version="2.0.0", files=files))
    assert (operation["status"], operation["outcome"]) == ("failed", None)
    assert operation["error"]["code"] == "pack_invalid"
    errors = operation["error"]["errors"]
    assert [(error["file"], error["line"]) for error in errors] == [
        ("actions/broken.yaml", 2),
        ("actions/double.yaml", 2),
        ("actions/lost.yaml", 3),
        ("actions/typed.yaml", 4),
    ]
    assert all(error["detail"] for error in errors)
    log = administrator.get(operation["links"]["log"]).content.decode()
    assert "actions/lost.yaml:3: actions/lost.sh is not in the pack" in log
    assert [list(model._default_manager.values()) for model in (Pack, PackVersion, Action)] == before


def test_what_is_taken_is_told_with_file_and_line_and_force_replaces_a_version(
    administrator: APIClient, tmp_path: Path
) -> None:
    install(administrator, write_pack(tmp_path / "one", ref="acme.web"))
    for ref, version, code, line in (
        ("core", "1.0.0", "ref_taken", 1),
        ("acme_web", "1.0.0", "ref_taken", 1),
        ("acme.web", "1.0.0", "version_taken", 2),
    ):
        source = write_pack(tmp_path / ref / "two", ref=ref, version=version, more="label: other\n")
        error = install(administrator, source)["error"]
        assert (error["code"], error["errors"][0]["file"], error["errors"][0]["line"]) == (code, "pack.yaml", line)
    assert Pack.objects.get().label == "acme.web"
    assert install(administrator, source, force=True)["outcome"]["change"] == "replaced"
    assert Pack.objects.get().label == "other"


def test_a_dry_run_says_what_would_change_and_changes_nothing(administrator: APIClient, tmp_path: Path) -> None:
    operation = install(administrator, write_pack(tmp_path), dry_run=True)
    assert (operation["status"], operation["outcome"]["change"]) == ("succeeded", "installed")
    assert not Pack.objects.exists()


def test_a_folder_that_is_none_fails_with_a_sentence(administrator: APIClient) -> None:
    for source in ("/nowhere", "/dev/null", "/" + "a" * 300, "/" + "a/" * 2_000, "/tmp/../nowhere"):
        error = install(administrator, source)["error"]
        assert (error["code"], "on this server" in error["detail"]) == ("invalid", True), source


def test_a_wish_that_is_none_is_400_and_no_operation(administrator: APIClient) -> None:
    wishes: list[object] = [
        {}, {"source": ""}, {"source": 5}, {"source": None}, {"source": ["/x"]}, {"source": "/" + "x" * 5_000},
        {"source": "/x", "force": "yes"}, {"source": "/x", "force": 1}, {"source": "/x", "dry_run": None},
        {"source": "~"}, {"source": "./acme"}, {"source": "/x", "ref": "v1"}, {"source": "/x", "ref": 1},
        {"source": "/x", "own": True}, {"source": "/x", "identity": 1}, [],
    ]  # fmt: skip
    for wish in wishes:
        assert administrator.post(INSTALL, wish, format="json").status_code == 400, wish
    assert administrator.post(f"{INSTALL}?force=true", {"source": "/x"}, format="json").status_code == 400
    assert not Operation.objects.exists()


def test_a_pack_is_switched_off_and_on_by_who_may(administrator: APIClient, owner: APIClient) -> None:
    make_action()
    assert owner.patch(f"{URL}/demo", {"enabled": False}, format="json").json()["verb"] == "pack.manage"
    assert administrator.patch(f"{URL}/demo", {"enabled": False}, format="json").json()["enabled"] is False
    assert owner.get("/api/v1/actions/demo.deploy").json()["enabled"] is False
    answer = owner.post("/api/v1/executions", {"action": "demo.deploy"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "pack_disabled")
    assert administrator.patch(f"{URL}/demo", {"enabled": True}, format="json").json()["enabled"] is True
    wishes: list[object] = [{}, {"enabled": None}, {"enabled": "no"}, {"enabled": 0}, {"enabled": True, "ref": "x"}]
    for wish in wishes:
        assert administrator.patch(f"{URL}/demo", wish, format="json").status_code == 400, wish
    assert administrator.patch(f"{URL}/nothing", {"enabled": True}, format="json").status_code == 404
