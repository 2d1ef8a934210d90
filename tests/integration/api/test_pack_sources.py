"""Packs from addresses, through the whole installation."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.models import Pack
from tests.factories import make_runtimes, write_pack
from tests.factories.archives import files_of, tar_gz
from tests.factories.repositories import Repository
from tests.integration.core.web import reply, web

INSTALL = "/api/v1/packs/install"


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path_factory: pytest.TempPathFactory, administrator: APIClient) -> Path:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")
    settings.ATTUNE_FETCH_ALLOW = ["http://127.0.0.1"]
    make_runtimes("shell")
    return Path(settings.ATTUNE_PACKS_DIR)


def install(client: APIClient, source: object, **options: object) -> Any:
    answer = client.post(INSTALL, {"source": str(source), **options}, format="json")
    assert answer.status_code == 202, answer.content
    run_operation(answer.json()["id"])
    return client.get(f"/api/v1/operations/{answer.json()['id']}").json()


def test_a_git_repository_is_installed_and_its_commit_is_kept(
    administrator: APIClient, settings: Settings, tmp_path: Path
) -> None:
    repository = Repository(tmp_path / "repository")
    write_pack(repository.folder)
    commit = repository.commit(tag="v1.0.0")
    assert install(administrator, repository.address)["error"]["code"] == "source_invalid", "file is not allowed"
    settings.ATTUNE_GIT_PROTOCOLS = ["file"]
    operation = install(administrator, repository.address, ref="v1.0.0", dry_run=True)
    assert (operation["outcome"]["change"], operation["outcome"]["commit"]) == ("installed", commit)
    assert not Pack.objects.exists()
    operation = install(administrator, f"{repository.address}#v1.0.0")
    assert [step["name"] for step in operation["steps"]][:2] == ["fetch", "copy"]
    shown = administrator.get("/api/v1/packs/acme").json()
    assert (shown["source"], shown["commit"]) == (f"{repository.address}#v1.0.0", commit)
    assert install(administrator, f"{repository.address}#main")["outcome"]["change"] == "unchanged"


def test_an_archive_on_the_server_is_installed(administrator: APIClient, tmp_path: Path) -> None:
    archive = tmp_path / "acme.tar.gz"
    archive.write_bytes(tar_gz(files_of(write_pack(tmp_path / "pack"), below="acme/")))
    assert install(administrator, archive)["status"] == "succeeded"
    assert administrator.get("/api/v1/packs/acme").json()["source"] == str(archive)


def test_an_index_leads_to_archives_that_are_what_it_says(
    administrator: APIClient, owner: APIClient, settings: Settings, tmp_path: Path
) -> None:
    archive = tar_gz(files_of(write_pack(tmp_path / "pack")))
    with web({"/acme.tar.gz": reply(archive), "/other.tar.gz": reply(archive + b"x")}) as port:
        base = f"http://127.0.0.1:{port}"
        sha256 = hashlib.sha256(archive).hexdigest()
        rows = [
            {
                "name": name,
                "version": "1.0.0",
                "source": f"{base}/{name}.tar.gz",
                "sha256": sha256,
                "description": "web",
            }
            for name in ("acme", "other")
        ]
        assert install(administrator, "acme")["error"]["code"] == "no_pack_index"
        assert owner.get("/api/v1/packs/index").json()["code"] == "no_pack_index"
        settings.ATTUNE_PACK_INDEX_URL = str(tmp_path / "index.json")
        (tmp_path / "index.json").write_text(json.dumps({"packs": rows}))
        assert [row["name"] for row in owner.get("/api/v1/packs/index").json()["results"]] == ["acme", "other"]
        assert [row["name"] for row in owner.get("/api/v1/packs/index?q=WEB+acm").json()["results"]] == ["acme"]
        assert owner.get("/api/v1/packs/index?p=1").status_code == 400
        assert install(administrator, "other")["error"]["code"] == "archive_digest_mismatch"
        assert install(administrator, "acme@2.0.0")["error"]["code"] == "not_in_pack_index"
        assert install(administrator, "acme")["outcome"]["source"] == f"{base}/acme.tar.gz"
        assert install(administrator, f"{base}/none.zip")["error"]["code"] == "fetch_failed"
        settings.ATTUNE_FETCH_ALLOW = []
        assert install(administrator, f"{base}/acme.tar.gz")["error"]["code"] == "fetch_refused"


@pytest.mark.parametrize("source", ["--upload-pack=id", "ext::sh -c id", "https://a:b@host.example/x.git", "./acme"])
def test_what_is_no_source_is_400_and_no_operation(administrator: APIClient, source: str) -> None:
    answer = administrator.post(INSTALL, {"source": source}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "source_invalid")
    assert answer.json()["errors"][0]["pointer"] == "/source"
    assert not Operation.objects.exists()


def test_a_hostile_archive_changes_nothing(administrator: APIClient, own_folders: Path, tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar.gz"
    archive.write_bytes(tar_gz({"pack.yaml": b"ref: evil\nversion: 1.0.0\n", "../../../evil": b"x"}))
    before = sorted(tmp_path.rglob("*"))
    operation = install(administrator, archive)
    assert (operation["error"]["code"], operation["error"]["reason"]) == ("archive_entry_refused", "leaves_folder")
    assert operation["error"]["entry"] == "'../../../evil'"
    assert (list((own_folders / ".staging").iterdir()), Pack.objects.exists()) == ([], False)
    assert sorted(tmp_path.rglob("*")) == before
    assert not (own_folders.parent / "evil").exists()
