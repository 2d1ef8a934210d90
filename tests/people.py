"""Who acts in the tests: an administrator, the owner of a thing, and a teammate."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from apps.accounts.models import Identity, Role, RoleAssignment
from apps.accounts.services.tokens import issue_token

#: What plain people of the tests may: run everything, see and cancel what they asked for.
MEMBER = (
    "action.view", "environment.view", "execution.cancel@own", "execution.pin@own", "execution.run",
    "execution.view@own", "gate.view",
    "operation.view@own", "pack.view", "policy.view", "runtime.view", "token.manage@own", "token.view@own",
    "worker.view", "event.send", "event.view", "rule.manage", "rule.view", "sensor.view", "trigger.view",
)  # fmt: skip


@dataclass(frozen=True)
class People:
    administrator: Identity
    owner: Identity
    teammate: Identity


def make_people() -> People:
    """In three statements: most tests begin here."""
    password = make_password("correct horse")
    administrator = Identity(username="administrator", password=password, is_staff=True, is_superuser=True)
    owner, teammate = (Identity(username=name, password=password) for name in ("owner", "teammate"))
    Identity.objects.bulk_create([administrator, owner, teammate])
    role = Role.objects.create(name="member", grants=list(MEMBER))
    RoleAssignment.objects.bulk_create(RoleAssignment(role=role, identity=each) for each in (owner, teammate))
    return People(administrator, owner, teammate)


def make_identity(name: str, *, role: str = "", grants: tuple[str, ...] = ()) -> Identity:
    """A user with `role`, which is made with `grants` if there is none; without, somebody who may nothing."""
    identity: Identity = Identity.objects.create_user(name, password="correct horse")
    if role:
        row, _ = Role.objects.get_or_create(name=role, defaults={"grants": list(grants)})
        RoleAssignment.objects.create(role=row, identity=identity)
    return identity


def client_of(identity: Identity | None) -> APIClient:
    """A client with a token of `identity`; a stranger's without one."""
    client = APIClient()
    if identity is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_token(identity, name='test').text}")
    return client
