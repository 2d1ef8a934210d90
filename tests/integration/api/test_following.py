"""Who may follow logs, how many at once, and for how long: the same for executions and operations."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.test import Client

from apps.accounts.models import ApiToken, Identity
from apps.api import open_streams
from apps.api.executions import follow as of_executions
from apps.api.operations import follow as of_operations
from apps.executions.states import Status
from apps.operations.services import request_operation
from tests.asgi import ask
from tests.factories import make_execution
from tests.people import People
from tests.streams import listening

Path = Callable[[People], str]


def _execution(people: People) -> str:
    execution = make_execution(status=Status.RUNNING, requested_by_id=people.owner.pk)
    return f"/api/v1/executions/{execution.pk}/logs"


def _operation(people: People) -> str:
    operation = request_operation(people.owner, kind="pack.install", subject="thing", operation_input={})
    return f"/api/v1/operations/{operation.pk}/log"


@pytest.fixture(params=[_execution, _operation], ids=["execution", "operation"])
def path(request: pytest.FixtureRequest, people: People) -> str:
    make: Path = request.param
    return make(people)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (of_executions, of_operations, open_streams):
        monkeypatch.setattr(module, "ALIVE_EVERY_S", 0.05)


def test_an_identity_follows_so_many_logs_at_once(people: People, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_streams, "MAX_FOLLOWED", 3)
    with ExitStack() as stack:
        streams = [stack.enter_context(listening("follow=true", by=people.owner, path=path)) for _ in range(3)]
        assert [stream.status for stream in streams] == [200, 200, 200]
        refused = ask("GET", path, by=people.owner, query=b"follow=true")
        assert (refused.status, refused.json()["code"]) == (429, "too_many_streams")
        with listening("follow=true", by=people.administrator, path=path) as other:
            assert other.status == 200
        assert ask("HEAD", path, by=people.administrator, query=b"follow=true").status == 200
    with listening("follow=true", by=people.owner, path=path) as again:
        assert again.status == 200


def test_following_ends_with_the_token(people: People, path: str) -> None:
    with listening("follow=true", by=people.owner, path=path) as stream:
        stream.wait_for(lambda told: told.body.count(b": still here\n") > 2)
        ApiToken.objects.all().delete()
        stream.wait_for(lambda told: told.is_over, "its end")
        assert stream.of("end") == []


def test_following_by_a_session_ends_with_the_account(people: People, path: str) -> None:
    browser = Client()
    browser.force_login(people.owner)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    with listening("follow=true", headers={"cookie": cookie}, path=path) as stream:
        stream.wait_for(lambda told: told.body.count(b": still here\n") > 1)
        Identity.objects.filter(pk=people.owner.pk).update(is_active=False)
        stream.wait_for(lambda told: told.is_over, "its end")


def test_following_ends_when_it_is_not_ones_to_see_any_more(people: People, path: str) -> None:
    with listening("follow=true", by=people.administrator, path=path) as stream:
        stream.wait_for(lambda told: told.body.count(b": still here\n") > 1)
        Identity.objects.filter(pk=people.administrator.pk).update(is_superuser=False)
        stream.wait_for(lambda told: told.is_over, "its end")
