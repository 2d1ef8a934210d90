import os
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from apps.executions.files import artifacts_folder
from apps.executions.models import Execution
from tests.asgi import ask
from tests.factories import make_execution
from tests.people import People


@pytest.fixture
def execution(people: People) -> Execution:
    return make_execution(requested_by_id=people.owner.pk, attempt=2)


@pytest.fixture(autouse=True)
def own_folder(settings: object, tmp_path: Path) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"  # type: ignore[attr-defined]  # pytest-django's settings


def leave(execution: Execution, name: str | bytes, text: str = "x", *, attempt: int = 1) -> Path:
    path = artifacts_folder(execution.pk, attempt) / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def url(execution: Execution, *more: object) -> str:
    return "/".join(["/api/v1/executions", str(execution.pk), "artifacts", *map(str, more)])


def test_the_files_of_all_attempts_are_listed_and_downloaded_by_their_links(
    owner: APIClient, execution: Execution
) -> None:
    leave(execution, "report.txt", "one")
    leave(execution, "sub/report.txt", "two", attempt=2)
    found = owner.get(url(execution)).json()["results"]
    assert [(item["attempt"], item["name"], item["size_bytes"]) for item in found] == [
        (1, "report.txt", 3),
        (2, "sub/report.txt", 3),
    ]
    answers = [owner.get(item["link"]) for item in found]
    assert [b"".join(answer) for answer in answers] == [b"one", b"two"]
    assert {answer["Content-Type"] for answer in answers} == {"application/octet-stream"}
    assert {answer["Content-Disposition"] for answer in answers} == {'attachment; filename="report.txt"'}


def test_a_file_with_any_name_is_listed_and_downloaded(owner: APIClient, execution: Execution) -> None:
    names: list[str | bytes] = ["a b.txt", "what?#now%41&.txt", "süß.txt", "two\nlines", 'quo"te', "\x1b[2J"]
    names += [b"latin-\xe9", "..txt", "x" * 255]
    for name in names:
        leave(execution, name, repr(name))
    found = owner.get(url(execution)).json()["results"]
    answers = [owner.get(item["link"]) for item in found]
    assert {answer.status_code for answer in answers} == {200}
    assert {b"".join(answer).decode() for answer in answers} == {repr(name) for name in names}


def test_what_lies_outside_cannot_be_reached_by_any_name(owner: APIClient, execution: Execution) -> None:
    leave(execution, "report.txt")
    (artifacts_folder(execution.pk, 1).parent / "stdout.log").write_text("log")
    for name in ("../stdout.log", "%2e%2e/stdout.log", "..%2Fstdout.log", "/etc/passwd", "%2Fetc%2Fpasswd", "..", ".",
                 "report.txt/../report.txt", "report.txt/", "report.txt%00", "sub/", "REPORT.TXT"):  # fmt: skip
        assert owner.get(url(execution, 1, name)).status_code == 404, name
    for attempt in ("0", "2", "\uff11", "-1", "99999999999", "x", ".."):
        assert owner.get(url(execution, attempt, "report.txt")).status_code == 404, attempt


def test_links_that_an_action_left_are_not_followed(owner: APIClient, execution: Execution, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_text("swordfish")
    folder = leave(execution, "report.txt").parent
    (folder / "file").symlink_to(tmp_path / "secret/key")
    (folder / "folder").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    artifacts_folder(execution.pk, 2).parent.mkdir()
    artifacts_folder(execution.pk, 2).symlink_to(tmp_path / "secret")
    assert [item["name"] for item in owner.get(url(execution)).json()["results"]] == ["report.txt"]
    for attempt, name in ((1, "file"), (1, "folder/key"), (1, "pipe"), (2, "key")):
        assert owner.get(url(execution, attempt, name)).status_code == 404, name


def test_only_who_may_see_the_execution_gets_its_files(
    owner: APIClient, teammate: APIClient, administrator: APIClient, stranger: APIClient, execution: Execution
) -> None:
    leave(execution, "report.txt")
    clients = (owner, teammate, administrator, stranger)
    for address in (url(execution), url(execution, 1, "report.txt")):
        answers = [client.get(address) for client in clients]
        assert [answer.status_code for answer in answers] == [200, 404, 200, 401]
        for answer in answers:
            answer.close()


def test_the_list_of_files_pages_and_says_how_large_and_old_they_are(owner: APIClient, execution: Execution) -> None:
    for number in range(5):
        os.utime(leave(execution, f"{number}.txt", "x" * number), (1_700_000_000, 1_700_000_000))
    first = owner.get(f"{url(execution)}?limit=3").json()
    second = owner.get(f"{url(execution)}?limit=3&cursor={first['next']}").json()
    found = first["results"] + second["results"]
    assert [(item["name"], item["size_bytes"]) for item in found] == [(f"{number}.txt", number) for number in range(5)]
    assert {item["modified_at"] for item in found} == {"2023-11-14T22:13:20Z"}
    assert second["next"] is None
    assert owner.get(f"{url(execution)}?fields=name&limit=1").json()["results"] == [{"name": "0.txt"}]
    for query in ("limit=0", "cursor=x", "fields=colour", "colour=red"):
        assert owner.get(f"{url(execution)}?{query}").status_code == 400, query


def test_an_artifact_is_streamed_to_the_web_whole(people: People, execution: Execution) -> None:
    path = leave(execution, "large.bin")
    path.write_bytes(os.urandom(3 * 2**20))
    answer = ask("GET", url(execution, 1, "large.bin"), by=people.owner)
    assert answer.body == path.read_bytes()
    assert answer.headers["content-length"] == str(3 * 2**20)


def test_a_file_that_grows_while_it_is_sent_is_sent_as_long_as_it_was(owner: APIClient, execution: Execution) -> None:
    path = leave(execution, "grows", "x" * 1000)
    with path.open("a") as more:
        answer = owner.get(url(execution, 1, "grows"))
        more.write("y" * 1000)
        more.flush()
        assert b"".join(answer) == b"x" * 1000
    assert answer["Content-Length"] == "1000"


def test_downloads_that_break_off_cost_no_database_connection(people: People, execution: Execution) -> None:
    """More of them than the pool has connections."""
    path = leave(execution, "shrinks", "x" * 1_000_000)
    for _ in range(12):
        path.write_text("x" * 1_000_000)
        with pytest.raises(BrokenPipeError):
            ask("GET", url(execution, 1, "shrinks"), by=people.owner, breaks=True)
    assert ask("GET", "/readyz").status == 200


def test_a_pipe_or_a_link_in_the_place_of_a_file_is_no_artifact(owner: APIClient, execution: Execution) -> None:
    folder = leave(execution, "fine").parent
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "sub").symlink_to("/etc")
    for name in ("pipe", "link", "sub/hostname", "sub"):
        assert owner.get(url(execution, 1, name)).status_code == 404, name
    assert [item["name"] for item in owner.get(url(execution)).json()["results"]] == ["fine"]


def test_folders_that_an_action_made_beside_its_attempts_are_nothing(owner: APIClient, execution: Execution) -> None:
    leave(execution, "fine")
    for odd in ("x", "7", "01", "-1"):
        folder = artifacts_folder(execution.pk, 1).parent.parent / odd / "artifacts"
        folder.mkdir(parents=True)
        (folder / "invented").write_text("x")
    assert [item["name"] for item in owner.get(url(execution)).json()["results"]] == ["fine"]
    assert owner.get(url(execution, 7, "invented")).status_code == 404
