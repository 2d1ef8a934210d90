from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.services.tokens import issue_token
from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.models import Pack
from tests.asgi import ask
from tests.factories import make_runtimes, write_pack
from tests.factories.archives import files_of, tar_gz, zipped
from tests.people import People

URL = "/api/v1/packs/upload"
BINARY = "application/octet-stream"


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path_factory: pytest.TempPathFactory, administrator: APIClient) -> Path:
    settings.ATTUNE_PACKS_DIR = tmp_path_factory.mktemp("packs")
    storage = tmp_path_factory.mktemp("storage")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": storage}},
    }
    make_runtimes("shell")
    return storage


def ended(client: APIClient, answer: Any) -> Any:
    """The operation, after a conductor has run it."""
    assert answer.status_code == 202, answer.content
    assert (answer.json()["kind"], answer.json()["subject"]) == ("pack.install", "upload")
    run_operation(answer.json()["id"])
    return client.get(f"/api/v1/operations/{answer.json()['id']}").json()


def left_in(storage: Path) -> list[Path]:
    return list((storage / "uploads").iterdir())


@pytest.mark.parametrize("pack", [tar_gz, zipped])
@pytest.mark.parametrize("below", ["", "acme-1.0/"])
def test_an_archive_in_the_body_is_installed(
    administrator: APIClient, tmp_path: Path, own_folders: Path, pack: Any, below: str
) -> None:
    archive = pack(files_of(write_pack(tmp_path), below=below))
    operation = ended(administrator, administrator.post(URL, archive, content_type=BINARY))
    assert (operation["status"], operation["error"]) == ("succeeded", None)
    assert operation["outcome"]["change"] == "installed"
    shown = administrator.get("/api/v1/packs/acme").json()
    assert (shown["version"], shown["source"], shown["commit"]) == ("1.0.0", "upload", None)
    assert left_in(own_folders) == []


def test_an_archive_made_by_macos_is_installed(administrator: APIClient, tmp_path: Path) -> None:
    beside = {"__MACOSX/acme/._pack.yaml": b"\0", ".DS_Store": b"\0", "._acme": b"\0"}
    archive = zipped(files_of(write_pack(tmp_path), below="acme/") | beside)
    operation = ended(administrator, administrator.post(URL, archive, content_type=BINARY))
    assert (operation["status"], operation["error"]) == ("succeeded", None)


def test_an_archive_in_a_form_is_installed(administrator: APIClient, tmp_path: Path) -> None:
    file = SimpleUploadedFile("acme.zip", zipped(files_of(write_pack(tmp_path))))
    operation = ended(administrator, administrator.post(f"{URL}?dry_run=true", {"file": file}, format="multipart"))
    assert (operation["status"], Pack.objects.exists()) == ("succeeded", False)
    file.seek(0)
    assert ended(administrator, administrator.post(URL, {"file": file}, format="multipart"))["status"] == "succeeded"


def test_other_content_of_the_same_version_needs_force(administrator: APIClient, tmp_path: Path) -> None:
    ended(administrator, administrator.post(URL, tar_gz(files_of(write_pack(tmp_path / "a"))), content_type=BINARY))
    other = tar_gz(files_of(write_pack(tmp_path / "b", more="label: other\n")))
    assert ended(administrator, administrator.post(URL, other, content_type=BINARY))["error"]["code"] == "version_taken"
    forced = ended(administrator, administrator.post(f"{URL}?force=true", other, content_type=BINARY))
    assert forced["outcome"]["change"] == "replaced"


def test_what_is_no_archive_is_400_at_once(administrator: APIClient, own_folders: Path) -> None:
    for body in (b"x", b"pack.yaml: no", b"PK\x03", b"\x1f"):
        answer = administrator.post(URL, body, content_type=BINARY)
        assert (answer.status_code, answer.json()["code"]) == (400, "archive_unreadable"), body
    assert administrator.post(URL, b"", content_type=BINARY).status_code == 400
    assert administrator.post(URL, {"source": "/x"}, format="json").status_code == 415
    assert administrator.post(f"{URL}?own=true", tar_gz({}), content_type=BINARY).status_code == 400
    assert administrator.post(f"{URL}?force=1", tar_gz({}), content_type=BINARY).status_code == 400
    file = SimpleUploadedFile("a.zip", zipped({}))
    assert administrator.post(URL, {"file": file, "own": "1"}, format="multipart").status_code == 400
    assert administrator.post(URL, {"other": SimpleUploadedFile("a", b"x")}, format="multipart").status_code == 400
    assert administrator.post(URL, {}, format="multipart").status_code == 400
    assert not Operation.objects.exists()
    assert not (own_folders / "uploads").exists()


def test_only_who_may_install_uploads(owner: APIClient, stranger: APIClient) -> None:
    answer = owner.post(URL, tar_gz({}), content_type=BINARY)
    assert (answer.status_code, answer.json()["verb"]) == (403, "pack.install")
    assert stranger.post(URL, tar_gz({}), content_type=BINARY).status_code == 401
    assert not Operation.objects.exists()


def test_an_upload_is_counted_while_it_comes(people: People, settings: Settings) -> None:
    settings.ATTUNE_MAX_UPLOAD_BYTES = 3 * 1024 * 1024
    chunk = tar_gz({"pack.yaml": b"ref: acme\n"}).ljust(1024 * 1024, b"\0")
    headers = {"content-type": BINARY}
    assert ask("POST", URL, by=people.administrator, headers=headers, chunks=[chunk] * 2).status == 202
    for told in ({}, {"content-length": "5"}, {"content-length": str(4 * 1024 * 1024)}):
        answer = ask("POST", URL, by=people.administrator, headers={**headers, **told}, chunks=[chunk] * 4)
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
    stranger = ask("POST", URL, headers=headers, chunks=[chunk] * 2)
    assert stranger.status == 413, "who shows no credentials sends no more than anywhere"
    elsewhere = ask("POST", "/api/v1/packs/install", by=people.administrator, headers=headers, chunks=[chunk] * 2)
    assert elsewhere.status == 413


def test_no_more_is_taken_of_who_may_not_install_than_anywhere(people: People, settings: Settings) -> None:
    """And nothing of it waits in a file."""
    chunk = tar_gz({"pack.yaml": b"ref: acme\n"}).ljust(settings.ATTUNE_MAX_BODY_BYTES, b"\0")
    shown = (
        {"authorization": "Bearer att_abcdefghijkl_wrong"},
        {"cookie": "sessionid=abcdefghijklmnop"},
        {"cookie": "x=y"},
    )
    for headers in shown:
        answer = ask("POST", URL, headers={"content-type": BINARY, **headers}, chunks=[chunk] * 2)
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large"), headers
        assert ask("POST", URL, headers={"content-type": BINARY, **headers}, chunks=[b"x"]).status in (401, 403)
    bound = issue_token(people.administrator, name="x", grants=["pack.view"]).text
    for by in (people.owner, people.administrator):
        text = bound if by is people.administrator else issue_token(by, name="x").text
        headers = {"content-type": BINARY, "authorization": f"Bearer {text}"}
        assert ask("POST", URL, headers=headers, chunks=[chunk] * 2).status == 413
        assert ask("POST", URL, headers=headers, chunks=[b"x"]).status == 403
    client = Client()
    client.force_login(people.administrator)
    headers = {"content-type": BINARY, "cookie": f"sessionid={client.cookies['sessionid'].value}"}
    assert ask("POST", URL, headers=headers, chunks=[chunk] * 2).status == 403, "taken, and refused for want of CSRF"


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"content-encoding": "gzip"}, b"", 415),
        ({}, b"q=" + b"x" * 20_000, 414),
        ({"x-long": "x" * 100_000}, b"", 431),
    ],
)
def test_the_head_of_an_upload_is_bounded_like_any_other(
    people: People, headers: dict[str, str], query: bytes, status: int
) -> None:
    given = {"content-type": BINARY, **headers}
    assert ask("POST", URL, by=people.administrator, headers=given, query=query, chunks=[tar_gz({})]).status == status


def test_an_upload_that_is_gone_is_told(administrator: APIClient, own_folders: Path) -> None:
    answer = administrator.post(URL, tar_gz({"pack.yaml": b"ref: acme\n"}), content_type=BINARY)
    for path in left_in(own_folders):
        path.unlink()
    assert ended(administrator, answer)["error"]["code"] == "upload_gone"
