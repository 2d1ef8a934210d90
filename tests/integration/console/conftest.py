"""What tests of the console share."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import Identity
from tests.people import People

Visit = Callable[[Identity], Client]


@pytest.fixture
def visit(people: People) -> Visit:
    """A browser in which somebody has logged in."""

    def visit(identity: Identity) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(identity)
        return client

    return visit
