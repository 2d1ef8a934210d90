"""The tables as they are: for administrators, and mostly to look at."""

import pytest

from apps.accounts.models import Identity
from tests.integration.console.conftest import Visit
from tests.people import People

TABLES = "/admin/tables/"
PEOPLE = f"{TABLES}accounts/identity/"


@pytest.mark.parametrize(
    "query",
    ["executions/execution/?status=%00", "operations/operation/?kind=a%00b", "accounts/identity/?username=%00"],
)
def test_a_nul_to_narrow_by_leads_to_the_whole_list(people: People, visit: Visit, query: str) -> None:
    answer = visit(people.administrator).get(TABLES + query, follow=True)
    assert answer.redirect_chain == [(TABLES + query.partition("?")[0], 302)]
    assert answer.status_code == 200


def test_who_may_see_no_table_is_told_so(people: People, visit: Visit) -> None:
    answer = visit(people.owner).get(TABLES)
    assert answer.status_code == 403
    assert "You may not see this" in answer.content.decode()
    assert visit(people.administrator).get(TABLES).status_code == 200


def test_people_are_switched_off_not_deleted(people: People, visit: Visit) -> None:
    client, page = visit(people.administrator), f"{PEOPLE}{people.owner.pk}/"
    text = client.get(f"{page}change/").content.decode()
    assert people.owner.password not in text
    assert f"{page}delete/" not in text
    assert "delete_selected" not in client.get(PEOPLE).content.decode()
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert Identity.objects.filter(pk=people.owner.pk).exists()
