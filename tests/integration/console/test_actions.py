"""The list of actions, and the page of one."""

from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.actions.models import Action
from apps.console.paging import PAGE_ROWS
from tests.asking import ask
from tests.factories import make_action
from tests.integration.console.conftest import Visit
from tests.people import People
from tests.statements import statements_in

MARKUP = "<img src=x onerror=alert(1)>"
ACTIONS = "/admin/actions/"


def listed(client: Client, query: str = "") -> str:
    page = client.get(ACTIONS + query)
    assert page.status_code == HTTPStatus.OK
    return page.content.decode()


def link_to(ref: str) -> str:
    return f'href="/admin/actions/{ref}/"'


def test_a_stranger_is_asked_to_log_in(people: People) -> None:
    make_action()
    for path in (ACTIONS, "/admin/actions/demo.deploy/", "/admin/actions/demo.deploy/run/"):
        assert Client().get(path).status_code == HTTPStatus.FOUND


def test_search_pack_runtime_and_state_narrow_the_list(people: People, visit: Visit) -> None:
    make_action("deploy", pack="web")
    make_action("restore", pack="db", runtime="python", entry_point="restore.py")
    Action.objects.filter(ref="db.restore").update(description="Brings a Backup back", enabled_override=False)
    client = visit(people.owner)
    for query, found, left_out in (
        ("?q=DEPL", "web.deploy", "db.restore"),
        ("?q=backup", "db.restore", "web.deploy"),
        ("?pack=web", "web.deploy", "db.restore"),
        ("?runtime=python", "db.restore", "web.deploy"),
        ("?enabled=yes", "web.deploy", "db.restore"),
        ("?enabled=no", "db.restore", "web.deploy"),
    ):
        page = listed(client, query)
        assert link_to(found) in page, query
        assert link_to(left_out) not in page, query


def test_an_action_of_a_disabled_pack_is_not_enabled(people: People, visit: Visit) -> None:
    pack = make_action("deploy", pack="web").pack
    pack.is_enabled = False
    pack.save()
    assert link_to("web.deploy") in listed(visit(people.owner), "?enabled=no")
    assert "/admin/actions/web.deploy/run/" not in listed(visit(people.owner))


def test_nothing_found_says_so(people: People, visit: Visit) -> None:
    assert "No action is like this." in listed(visit(people.owner), "?q=nothing%00")


def test_pages_follow_each_other_by_name(people: People, visit: Visit) -> None:
    for number in range(PAGE_ROWS + 2):
        make_action(f"a{number:03}")
    first = listed(visit(people.owner), "?pack=demo")
    assert link_to("demo.a000") in first
    assert link_to("demo.a050") not in first
    assert "?pack=demo&amp;cursor=demo.a049" in first
    second = listed(visit(people.owner), "?pack=demo&cursor=demo.a049")
    assert link_to("demo.a050") in second
    assert link_to("demo.a051") in second
    assert 'rel="next"' not in second


def test_the_list_asks_as_often_for_many_as_for_one(people: People, visit: Visit) -> None:
    counts = []
    for size in (1, 40):
        for number in range(size):
            make_action(f"a{number}", pack=f"pack{number}")
        client = visit(people.owner)
        with CaptureQueriesContext(connection) as captured:
            listed(client)
        counts.append(statements_in(captured))
    assert counts[0] == counts[1] <= 8


def test_the_page_tells_parameters_limits_and_lines_to_copy(people: People, visit: Visit) -> None:
    make_action(
        "scale",
        description="Scales a service.",
        parameters={
            "service": {"type": "string", "required": True, "description": "Which one."},
            "count": {"type": "integer", "minimum": 0, "maximum": 9, "default": 1},
            "token": {"type": "string", "secret": True, "required": True},
            "mode": {"enum": ["safe", "fast"]},
            "region": {"type": "string", "immutable": True, "default": "eu"},
        },
        concurrency={"limit": 2, "key": "{{ service }}"},
        retry={"max_attempts": 3},
        timeout_s=90,
        secrets=["cloud_key"],
        output={"type": "object"},
    )
    page = visit(people.owner).get("/admin/actions/demo.scale/").content.decode()
    for text in (
        "Which one.", "0 to 9", "required", "secret", "fixed", "cloud_key", "1 min 30 s", "3, after failed or timeout",
        "attune run demo.scale &#x27;service=…&#x27; token=@token.txt --follow", "{{ service }}", "/api/v1/executions",
    ):  # fmt: skip
        assert text in page, text


def test_recent_executions_are_only_those_one_may_see(people: People, visit: Visit) -> None:
    (execution,) = ask(people)
    assert (
        f"/admin/executions/{execution.pk}/" in visit(people.owner).get("/admin/actions/demo.deploy/").content.decode()
    )
    page = visit(people.teammate).get("/admin/actions/demo.deploy/").content.decode()
    assert f"/admin/executions/{execution.pk}/" not in page


def test_an_unknown_action_is_not_found(people: People, visit: Visit) -> None:
    assert visit(people.owner).get("/admin/actions/demo.nothing/").status_code == HTTPStatus.NOT_FOUND
    assert visit(people.owner).get("/admin/actions/demo.nothing/run/").status_code == HTTPStatus.NOT_FOUND


def test_nothing_of_an_action_becomes_markup(people: People, visit: Visit) -> None:
    make_action(
        "evil", parameters={MARKUP: {"type": "string", "default": MARKUP, "description": MARKUP, "pattern": MARKUP}}
    )
    Action.objects.update(description=MARKUP)
    for path in (ACTIONS, "/admin/actions/demo.evil/", "/admin/actions/demo.evil/run/"):
        page = visit(people.owner).get(path).content.decode()
        assert "<img src=x" not in page, path
        assert "&lt;img src=x" in page, path


@pytest.mark.parametrize(("word", "override"), [("on", True), ("off", False), ("file", None)])
def test_an_administrator_switches_it(people: People, visit: Visit, word: str, override: bool | None) -> None:
    action = make_action()
    page = visit(people.administrator).post("/admin/actions/demo.deploy/enabled/", {"enabled": word}, follow=True)
    action.refresh_from_db()
    assert action.enabled_override is override
    assert "demo.deploy is" in page.content.decode()


def test_others_do_not_switch_it(people: People, visit: Visit) -> None:
    action = make_action()
    visit(people.owner).post("/admin/actions/demo.deploy/enabled/", {"enabled": "off"})
    action.refresh_from_db()
    assert action.enabled_override is None
    assert "/enabled/" not in visit(people.owner).get("/admin/actions/demo.deploy/").content.decode()


@pytest.mark.parametrize("sent", [{}, {"enabled": ""}, {"enabled": "nonsense"}])
def test_an_unknown_word_changes_nothing(people: People, visit: Visit, sent: dict[str, str]) -> None:
    make_action()
    Action.objects.update(enabled_override=False)
    page = visit(people.administrator).post("/admin/actions/demo.deploy/enabled/", sent, follow=True)
    assert "on, off or file" in page.content.decode()
    assert Action.objects.get().enabled_override is False
