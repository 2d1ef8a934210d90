"""What a page says to a method it does not have."""

import pytest

from apps.executions.models import Execution
from apps.executions.states import Status
from tests.factories import make_action, make_execution
from tests.integration.console.conftest import Visit
from tests.people import People


@pytest.mark.parametrize("deed", ["cancel", "again"])
def test_a_deed_that_is_only_looked_at_leads_to_its_execution(people: People, visit: Visit, deed: str) -> None:
    """As after a session that ended between the page and its button: the way back from logging in is a GET."""
    execution = make_execution(requested_by_id=people.owner.pk)
    answer = visit(people.owner).get(f"/admin/executions/{execution.pk}/{deed}/", follow=True)
    assert answer.redirect_chain == [(f"/admin/executions/{execution.pk}/", 302)]
    assert "Nothing was done" in answer.content.decode()
    assert Execution.objects.get().status == Status.SCHEDULED


def test_enabling_that_is_only_looked_at_leads_to_its_action(people: People, visit: Visit) -> None:
    make_action()
    answer = visit(people.administrator).get("/admin/actions/demo.deploy/enabled/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/actions/demo.deploy/")


def test_a_method_a_page_does_not_have_is_answered_with_a_page(people: People, visit: Visit) -> None:
    answer = visit(people.owner).post("/admin/executions/")
    assert (answer.status_code, answer["Allow"]) == (405, "GET")
    assert "does not take what was sent" in answer.content.decode()
    assert visit(people.owner).put("/admin/executions/1/cancel/")["Allow"] == "POST"
