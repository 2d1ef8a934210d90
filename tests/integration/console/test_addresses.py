"""Addresses nobody meant: with a NUL in them, or without the slash at their end."""

import pytest
from django.test import Client

from tests.factories import make_action
from tests.integration.console.conftest import Visit
from tests.people import People


@pytest.mark.parametrize("path", ["actions/%00/", "actions/%00/run/", "actions/a%00b/enabled/", "packs/%00/"])
def test_nothing_is_found_by_a_nul(people: People, visit: Visit, path: str) -> None:
    client = visit(people.administrator)
    assert client.get(f"/admin/{path}").status_code == 404
    assert client.post(f"/admin/{path}").status_code == 404


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/admin", "/admin/"),
        ("/admin/executions", "/admin/executions/"),
        ("/admin/executions?status=failed", "/admin/executions/?status=failed"),
        ("/admin/actions/demo.deploy", "/admin/actions/demo.deploy/"),
        ("/admin/tables/executions/execution", "/admin/tables/executions/execution/"),
    ],
)
def test_a_slash_that_is_missing_is_added(people: People, visit: Visit, path: str, to: str) -> None:
    make_action()
    client = visit(people.administrator)
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, to)
    assert client.get(to).status_code == 200


def test_no_slash_makes_a_page_of_nothing(people: People, visit: Visit) -> None:
    client = visit(people.administrator)
    assert client.get("/admin/nothing").status_code == 404
    assert client.post("/admin/executions").status_code == 404


@pytest.mark.parametrize("query", ["page=x", "s=a&page=x", "s=a&page=99", "s=a&page=%00"])
def test_the_themes_search_is_not_there(people: People, visit: Visit, query: str) -> None:
    assert visit(people.administrator).get(f"/admin/search/?{query}").status_code == 404


def test_an_unknown_address_is_answered_in_the_consoles_look(people: People, visit: Visit) -> None:
    answer = visit(people.owner).get("/admin/nothing/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    text = answer.content.decode()
    assert "There is nothing at /admin/nothing/." in text
    assert '<nav class="a-side"' in text
    stranger = Client().get("/admin/static/x", follow=True)
    assert stranger.headers["Content-Type"] == "text/html; charset=utf-8"


def test_an_unknown_address_of_the_api_is_answered_with_a_problem(people: People, visit: Visit) -> None:
    for path in ("/api/v1/nothing", "/nothing", "/api/admin/"):
        answer = visit(people.owner).get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "not_found"


def test_a_form_without_its_csrf_token_is_answered_in_the_consoles_look(people: People) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/admin/login/", {"username": "owner", "password": "correct horse"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    text = answer.content.decode()
    assert "This form is too old" in text
    assert "console/" in text, "it has the console's styles"
    browser.force_login(people.owner)
    answer = browser.post("/admin/executions/1/cancel/")
    assert "This form is too old" in answer.content.decode()


def test_a_login_over_rest_from_another_page_is_a_problem(people: People) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.owner)
    answer = browser.post("/api/v1/tokens", {"name": "x"}, content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json")
    assert answer.json()["code"] == "forbidden"
