"""A database that gives a page up: every page says so as a page, with 503 and when to come back."""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.http.response import HttpResponseBase

from apps.console.urls import urlpatterns
from apps.executions.models import Execution
from tests.database_trouble import locked_tables
from tests.factories import make_action, make_execution
from tests.integration.console.conftest import Visit
from tests.people import People


def pages(execution: int) -> Iterator[str]:
    yield from ("/admin/", "/admin/login/", "/admin/tables/", "/admin/tables/executions/execution/")
    for pattern in urlpatterns(admin.site):  # type: ignore[arg-type]  # the console's own site
        route = str(pattern.pattern)
        filled = re.sub(r"<text:\w+>", "demo.deploy", re.sub(r"<int:\w+>", str(execution), route))
        yield "/admin/" + re.sub(r"<slug:\w+>", "csv", filled)


@pytest.mark.parametrize("tables", ["all", "those behind the login", "sessions"])
def test_every_page_says_that_the_database_is_busy(people: People, visit: Visit, tables: str) -> None:
    make_execution(make_action(), requested_by_id=people.administrator.pk)
    pk = Execution.objects.get().pk
    client = visit(people.administrator)
    client.raise_request_exception = False
    chosen = {
        "all": lambda _: True,
        "those behind the login": lambda name: not name.startswith(("accounts_", "django_session")),
        "sessions": lambda name: name == "django_session",
    }[tables]
    bugs, told = [], 0
    with locked_tables(chosen):
        for page in pages(pk):
            for method in ("get", "post"):
                answer: HttpResponseBase = getattr(client, method)(page)
                if answer.status_code == 503:
                    assert answer["Content-Type"].startswith("text/html"), (method, page)
                    assert "The database is too busy" in answer.content.decode()  # type: ignore[attr-defined]
                    assert int(answer["Retry-After"]) > 0
                    told += 1
                elif answer.status_code >= 500:
                    bugs.append((method, page, answer.status_code))
                answer.close()
    assert bugs == []
    assert told > 20
