"""Who acts in the tests: an administrator, the owner of a thing, and a teammate."""

from dataclasses import dataclass

from rest_framework.test import APIClient

from apps.accounts.models import Identity
from apps.accounts.services.tokens import issue_token


@dataclass(frozen=True)
class People:
    administrator: Identity
    owner: Identity
    teammate: Identity


def make_people() -> People:
    return People(
        administrator=Identity.objects.create_superuser("administrator", password="correct horse"),
        owner=Identity.objects.create_user("owner", password="correct horse"),
        teammate=Identity.objects.create_user("teammate", password="correct horse"),
    )


def client_of(identity: Identity | None) -> APIClient:
    """A client with a token of `identity`; a stranger's without one."""
    client = APIClient()
    if identity is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_token(identity, name='test').text}")
    return client
