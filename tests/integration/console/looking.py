"""Looks at a page of the console, and counts what it asked the database for."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.statements import statements_in

#: Session, user and their roles come on top of what a page may ask for.
MOST_STATEMENTS = 5 + 3


def look(client: Client, address: str, *, status: int = 200) -> str:
    """The page's text."""
    response = client.get(address)
    assert response.status_code == status, f"{address}: {response.status_code}"
    return response.content.decode()


def statements_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        look(client, address)
    return statements_in(captured)
