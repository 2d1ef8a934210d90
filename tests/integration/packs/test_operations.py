"""Installations run with the rights of who asked: those there are when it runs, bound as the request was."""

from pathlib import Path

from apps.accounts.models import Identity, Role, RoleAssignment
from apps.accounts.services.tokens import issue_token, prove_token
from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.models import Pack
from apps.packs.operations import request_installation
from tests.factories.packs import make_runtimes, write_pack
from tests.people import People

RUNNER = 'name: runner\ndescription: Runs it.\ngrants: ["execution.run@pack:acme"]\n'


def with_token(identity: Identity, *grants: str) -> Identity:
    token = prove_token(issue_token(identity, name="x", grants=grants).text)
    assert token is not None
    return token.identity


def ended(operation: Operation) -> Operation:
    run_operation(operation.pk)
    operation.refresh_from_db()
    return operation


def test_a_bound_token_brings_no_roles(people: People, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, files={"roles/runner.yaml": RUNNER})
    asking = with_token(people.administrator, "pack.install")
    refused = ended(request_installation(asking, source=str(pack)))
    assert refused.error is not None
    assert (refused.status, refused.error["code"]) == ("failed", "forbidden")
    assert not Pack.objects.filter(ref="acme").exists()
    asking = with_token(people.administrator, "pack.install", "role.manage", "execution.run")
    assert ended(request_installation(asking, source=str(pack))).status == "succeeded"
    assert Role.objects.filter(name="acme.runner").exists()


def test_nothing_is_installed_for_somebody_who_may_no_more(people: People, tmp_path: Path) -> None:
    make_runtimes("shell")
    pack = str(write_pack(tmp_path))
    RoleAssignment.objects.create(
        identity=people.owner, role=Role.objects.create(name="installer", grants=["pack.install"])
    )
    owner = Identity.objects.get(pk=people.owner.pk)
    waiting = request_installation(owner, source=pack)
    Role.objects.filter(name="installer").update(grants=["pack.view"])
    assert ended(waiting).status == "failed"
    Role.objects.filter(name="installer").update(grants=["pack.install"])
    switched_off = request_installation(owner, source=pack)
    Identity.objects.filter(pk=owner.pk).update(is_active=False)
    assert ended(switched_off).status == "failed"
    gone = request_installation(people.administrator, source=pack)
    Operation.objects.filter(pk=gone.pk).update(requested_by=None)
    assert ended(gone).status == "failed", "nobody is not Attune itself"
    assert not Pack.objects.filter(ref="acme").exists()
