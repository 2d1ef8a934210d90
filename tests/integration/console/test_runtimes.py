from django.test import Client

from tests.factories import make_runtimes, make_worker
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People

PAGE = "/admin/runtimes/"


def test_a_page_tells_who_has_a_runtime_and_why_others_have_not(people: People, visit: Visit) -> None:
    make_runtimes("python", "shell")
    make_worker("strong", runtimes={"python": [{"version": "3.12.1", "interpreter": "/usr/bin/python3"}]})
    make_worker("weak", missing_runtimes={"python": "python3 is not on PATH <b>"})
    make_worker("old")
    make_worker("gone", status="lost", missing_runtimes={"python": "it burnt"})
    plain = visit(people.owner)
    text = look(plain, PAGE)
    for told in (
        "3.12.1",
        "python3 is not on PATH &lt;b&gt;",
        "it has not looked yet",
        "1 of 3 workers",
        "on no worker",
    ):
        assert told in text, told
    assert "it burnt" not in text
    assert statements_of(plain, PAGE) <= MOST_STATEMENTS


def test_an_attune_without_any_says_so(people: People, visit: Visit) -> None:
    assert "No runtime is known" in look(visit(people.owner), PAGE)
    assert Client().get(PAGE).headers["Location"].startswith("/admin/login/")
