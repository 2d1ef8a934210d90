"""The frame around the console's pages: who comes in, what the browser may load, what an error looks like."""

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from psycopg_pool import PoolTimeout

from apps.console.pages.home import HomePage
from apps.core.content_security import POLICY
from tests.integration.console.conftest import Visit
from tests.people import People

HOME = "/admin/"


def test_a_stranger_is_asked_to_log_in_and_comes_back_to_the_page(people: People) -> None:
    answer = Client().get("/admin/executions/?status=failed")
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/login/?next=/admin/executions/%3Fstatus%3Dfailed"


def test_everybody_with_an_account_may_log_in(people: People) -> None:
    client = Client()
    answer = client.post("/admin/login/", {"username": "owner", "password": "correct horse", "next": HOME})
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    assert client.get(HOME).status_code == 200


def test_who_was_sent_to_another_site_ends_at_home(people: People) -> None:
    sent = {"username": "owner", "password": "correct horse", "next": "https://elsewhere.example/"}
    answer = Client().post("/admin/login/", sent)
    assert (answer.status_code, answer["Location"]) == (302, HOME)


def test_a_wrong_password_says_so_and_keeps_the_name(people: People) -> None:
    answer = Client().post("/admin/login/", {"username": "owner", "password": "guessed"})
    assert "The name or the password is wrong" in answer.content.decode()
    assert 'value="owner"' in answer.content.decode()
    assert "guessed" not in answer.content.decode().replace("a-field-wrong", "")


def test_who_was_switched_off_is_out_at_once(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    people.owner.is_active = False
    people.owner.save()
    assert client.get(HOME).status_code == 302


def test_every_answer_forbids_scripts_of_others_and_scripts_in_the_page(people: People, visit: Visit) -> None:
    assert "script-src 'self'" in POLICY
    for path in (HOME, "/admin/login/", "/admin/executions/", "/admin/tables/", "/api/v1/packs", "/healthz"):
        assert visit(people.administrator).get(path)["Content-Security-Policy"] == POLICY, path


def test_tables_are_for_administrators(people: People, visit: Visit) -> None:
    path = "/admin/tables/executions/execution/"
    assert visit(people.administrator).get(path).status_code == 200
    assert visit(people.owner).get(path).status_code == 403
    assert "/admin/tables/" not in visit(people.owner).get(HOME).content.decode()


def test_the_menu_says_where_one_is(people: People, visit: Visit) -> None:
    page = visit(people.owner).get("/admin/executions/").content.decode()
    assert '<a href="/admin/executions/" aria-current="page">' in page
    assert page.count('aria-current="page"') == 1


def test_a_page_without_its_database_says_so(people: People, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: HomePage, request: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(HomePage, "get", away)
    answer = visit(people.owner).get(HOME)
    assert answer.status_code == 503
    assert "The database cannot be reached" in answer.content.decode()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, PoolTimeout])
def test_every_page_says_that_the_database_is_away(
    people: People, visit: Visit, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away() -> None:
        raise error("connection refused")

    client = visit(people.administrator)
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        answers = [client.get(path) for path in (HOME, "/admin/login/", "/admin/tables/executions/execution/")]
        answers.append(Client().post("/admin/login/", {"username": "owner", "password": "correct horse"}))
    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "The database cannot be reached" in answer.content.decode()


def test_a_page_takes_only_the_methods_it_has(people: People, visit: Visit) -> None:
    assert visit(people.owner).post(HOME).status_code == 405


def test_an_address_that_does_not_exist_is_404(people: People, visit: Visit) -> None:
    assert visit(people.owner).get("/admin/nothing/").status_code == 404
