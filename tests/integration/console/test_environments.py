import pytest
from django.test import Client

from apps.core.redis import breaker, client
from apps.runtimes.environments.layout import Place
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.models import Environment
from tests.conftest import messages_in
from tests.factories import make_action, make_runtimes, make_worker
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People
from tests.redis_trouble import keep_redis_away

LIST = "/admin/environments/"
EVIL = "<script>alert(1)</script>"


def make_environment(**fields: object) -> Environment:
    values = {"pack_ref": "demo", "runtime": "python", "volume_id": "volume", "status": "ready", "generation": 1}
    return Environment.objects.create(**{**values, **fields})


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def test_a_list_is_narrowed_and_asks_the_same_however_long_it_is(administrator: Client) -> None:
    make_environment()
    before = statements_of(administrator, LIST)
    make_environment(pack_ref="other", status="failed", error=f"why: {EVIL}")
    make_environment(pack_ref="_base", runtime="shell")
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS
    text = look(administrator, f"{LIST}?status=failed")
    assert "other / python" in text
    assert "demo / python" not in text
    assert EVIL not in text
    assert "No environment fits" in look(administrator, f"{LIST}?pack=%00none&runtime=x&status=sideways")
    assert "shared base" in look(administrator, f"{LIST}?pack=_base")


def test_a_page_tells_what_serves_and_why_the_last_build_failed(administrator: Client) -> None:
    row = make_environment(
        status="failed", error=f"no {EVIL}", log=f"pip: {EVIL}", packages={"requests": "2.31.0"}, dependencies=[EVIL]
    )
    text = look(administrator, f"{LIST}{row.pk}/")
    for told in ("generation 1 goes on serving", "requests", "2.31.0", "volume that this server does not see"):
        assert told in text, told
    assert EVIL not in text
    assert statements_of(administrator, f"{LIST}{row.pk}/") <= MOST_STATEMENTS


def test_generations_on_this_volume_are_listed(administrator: Client, settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.ATTUNE_RUNTIME_ENVS_DIR = tmp_path
    row = make_environment(volume_id=volume_id(tmp_path))
    place = Place(tmp_path / "demo", "python")
    place.make()
    place.claim_folder("a" * 64).mkdir()
    assert "unfinished" in look(administrator, f"{LIST}{row.pk}/")


def test_a_rebuild_is_asked_for_on_every_volume(administrator: Client) -> None:
    make_runtimes("python", "shell")
    make_action("deploy", runtime="python", entry_point="deploy.py")
    row = make_environment()
    make_worker(queues=["build.default.python"])
    make_worker("w2", queues=["build.default.python"], volume_id="another")
    page = administrator.post(f"{LIST}{row.pk}/", {"deed": "rollback"}, follow=True).content.decode()
    assert "goes back to the generation before, on 2 volumes" in page
    assert messages_in("build.default.python") == 2


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("ensure", "if it is missing"),
        ("validate", "is validated"),
        ("repair", "if it is broken"),
        ("remove", "is removed"),
    ],
)
def test_each_deed_asks_a_worker_and_says_what_comes(
    administrator: Client, deed: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.workers.builds.has_dependencies", lambda *_: True)
    make_runtimes("python", "shell")
    make_action("deploy", runtime="python", entry_point="deploy.py")
    row = make_environment(problems=["toy: nothing is there"])
    assert "toy: nothing is there" in look(administrator, f"{LIST}{row.pk}/")
    make_worker(queues=["build.default.python"])
    page = administrator.post(f"{LIST}{row.pk}/", {"deed": deed}, follow=True).content.decode()
    assert told in page
    assert messages_in("build.default.python") == 1


def test_the_disk_that_environments_take_is_told_and_cleaned_up(
    administrator: Client, people: People, visit: Visit
) -> None:
    make_environment(disk_bytes=3 * 2**20)
    text = look(administrator, LIST)
    assert "3.1 MB" in text
    assert "Clean up" in text
    assert "Clean up" not in look(visit(people.owner), LIST)
    assert "No worker was there" in administrator.post(LIST, {"deed": "cleanup"}, follow=True).content.decode()
    make_worker(queues=["build.default.python"])
    page = administrator.post(LIST, {"deed": "cleanup"}, follow=True).content.decode()
    assert "Old generations are being removed" in page
    assert messages_in("build.default.python") == 1
    assert administrator.post(LIST, {"deed": "odd"}).status_code == 302
    assert visit(people.owner).post(LIST, {"deed": "cleanup"}).status_code == 302
    assert messages_in("build.default.python") == 1


def test_without_a_worker_or_redis_nobody_is_asked_and_the_page_says_so(administrator: Client) -> None:
    make_runtimes("python", "shell")
    make_action("deploy", runtime="python", entry_point="deploy.py")
    row = make_environment()
    address = f"{LIST}{row.pk}/"
    assert (
        "No worker was there to be asked"
        in administrator.post(
            address, {"deed": "rollback"}, follow=True, headers={"referer": f"http://testserver{address}"}
        ).content.decode()
    )
    make_worker(queues=["build.default.python"])
    keep_redis_away()
    administrator.post(address, {"deed": "rebuild"})
    breaker.reset()
    assert client().keys("build.*") == []


def test_what_makes_no_sense_changes_nothing(administrator: Client, people: People, visit: Visit) -> None:
    row = make_environment(pack_ref="gone")
    make_worker(queues=["build.default.python"])
    for deed in ("rebuild", "rollback", "", "odd"):
        assert administrator.post(f"{LIST}{row.pk}/", {"deed": deed}).status_code == 302
    plain = visit(people.owner)
    assert 'value="rebuild"' not in look(plain, f"{LIST}{row.pk}/")
    assert plain.post(f"{LIST}{row.pk}/", {"deed": "rebuild"}).status_code == 302
    assert messages_in("build.default.python") == 0
    look(administrator, f"{LIST}{'9' * 30}/", status=404)
    assert Client().post(f"{LIST}{row.pk}/").headers["Location"].startswith("/admin/login/")
