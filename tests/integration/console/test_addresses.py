"""Addresses nobody meant: with a NUL in them, or without the slash at their end."""

import pytest

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
