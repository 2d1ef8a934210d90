import pytest
from rest_framework.test import APIClient

from tests.people import People, client_of


@pytest.fixture
def owner(people: People) -> APIClient:
    return client_of(people.owner)


@pytest.fixture
def teammate(people: People) -> APIClient:
    return client_of(people.teammate)


@pytest.fixture
def administrator(people: People) -> APIClient:
    return client_of(people.administrator)


@pytest.fixture
def stranger(people: People) -> APIClient:
    return client_of(None)
