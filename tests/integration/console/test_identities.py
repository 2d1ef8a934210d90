"""Identities, groups, roles and passwords in the console."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from apps.accounts.models import Group, Identity, LoginFailures, Role, RoleAssignment
from apps.accounts.services.login import MOST_OF_ACCOUNT
from apps.accounts.shipped import ensure_shipped_roles
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, statements_of
from tests.people import People, make_identity

LIST, ROLES, GROUPS, PASSWORD = "/admin/identities/", "/admin/roles/", "/admin/groups/", "/admin/password_change/"
CHANGE = {"old": "correct horse", "new": "battery staple 9", "again": "battery staple 9"}


def log_in(name: str, password: str = "correct horse") -> tuple[Client, int, str]:
    client = Client()
    answer = client.post("/admin/login/?next=/admin/", {"username": name, "password": password})
    return client, answer.status_code, answer.content.decode()


def test_a_person_is_made_and_chooses_a_password_first(people: People, visit: Visit) -> None:
    made = visit(people.administrator).post(LIST, {"name": "ann", "kind": "user", "email": ""})
    assert "Temporary password of ann" in made.content.decode()
    ann = Identity.objects.get(username="ann")
    ann.set_password("temporary one")
    ann.save()
    client, status, _ = log_in("ann", "temporary one")
    assert status == 302
    for path in ("/admin/", "/admin/executions/", "/admin/tokens/"):
        assert client.get(path)["Location"] == PASSWORD
    assert "temporary one" in client.get(PASSWORD).content.decode()
    wrong = client.post(PASSWORD, {**CHANGE, "old": "temporary one", "again": "another"})
    assert (wrong.status_code, "not the same" in wrong.content.decode()) == (400, True)
    assert client.post(PASSWORD, {**CHANGE, "old": "temporary one"}).status_code == 302
    assert client.get(PASSWORD).status_code == 200
    assert "temporary_until" not in client.get(PASSWORD).content.decode()
    assert Identity.objects.get(username="ann").temporary_until is None


def test_an_administrator_with_a_temporary_password_sees_no_tables(people: People) -> None:
    Identity.objects.filter(pk=people.administrator.pk).update(temporary_until=timezone.now() + timedelta(hours=1))
    client, status, _ = log_in("administrator", "correct horse")
    assert status == 302
    for path in ("/admin/tables/", "/admin/tables/accounts/identity/", "/admin/tables/executions/execution/"):
        assert client.get(path).status_code in (302, 403), path


def test_the_page_of_an_identity_does_what_its_buttons_say(people: People, visit: Visit) -> None:
    ensure_shipped_roles()
    client, page = visit(people.administrator), f"{LIST}{people.owner.pk}/"

    def post(deed: str, **more: str) -> int:
        return client.post(page, {"deed": deed, **more}).status_code

    assert client.get(page).status_code == 200
    assert post("assign", role="viewer", expires_at="") == 302
    given = RoleAssignment.objects.get(identity=people.owner, role__name="viewer")
    assert post("unassign", assignment=str(given.pk)) == 302
    assert not RoleAssignment.objects.filter(pk=given.pk).exists()
    assert "Temporary password of owner" in client.post(page, {"deed": "reset"}).content.decode()
    for deed, field, value in (("off", "is_active", False), ("on", "is_active", True),
                               ("administrator", "is_superuser", True), ("plain", "is_superuser", False)):  # fmt: skip
        assert post(deed) == 302
        assert Identity.objects.filter(pk=people.owner.pk, **{field: value}).exists(), deed
    assert post("end") == post("dance") == post("assign", role="none") == 302
    own = f"{LIST}{people.administrator.pk}/"
    assert "make another administrator first" in client.post(own, {"deed": "off"}, follow=True).content.decode()


def test_a_service_account_gets_its_token_there(people: People, visit: Visit) -> None:
    client = visit(people.administrator)
    client.post(LIST, {"name": "ci", "kind": "service"})
    page = f"{LIST}{Identity.objects.get(username='ci').pk}/"
    assert "att_" in client.post(page, {"deed": "token"}).content.decode()


def test_groups_and_roles_are_made_changed_and_deleted(people: People, visit: Visit) -> None:
    client = visit(people.administrator)
    assert client.post(GROUPS, {"name": "night"}).status_code == 302
    group = f"{GROUPS}{Group.objects.get().pk}/"
    assert client.post(group, {"deed": "members", "members": "owner\nteammate\n"}).status_code == 302
    assert "teammate" in client.get(group).content.decode()
    wrong = client.post(f"{ROLES}new/", {"name": "mine", "grants": "execution.run\nfly"})
    assert (wrong.status_code, "there is no verb fly" in wrong.content.decode()) == (400, True)
    assert client.post(f"{ROLES}new/", {"name": "mine", "grants": "execution.run"}).status_code == 302
    role = Role.objects.get(name="mine")
    assert client.post(group, {"deed": "assign", "role": "mine"}).status_code == 302
    assert "night" in client.get(f"{ROLES}{role.pk}/").content.decode()
    assert client.post(f"{ROLES}{role.pk}/", {"grants": "worker.*", "description": "x"}).status_code == 302
    assert Role.objects.get(pk=role.pk).grants == ["worker.*"]
    assert client.post(f"{ROLES}{role.pk}/", {"delete": "1"}).status_code == 302
    assert client.post(group, {"deed": "delete"}).status_code == 302
    assert not Role.objects.filter(pk=role.pk).exists()
    assert not Group.objects.exists()


def test_who_may_not_is_told_so_and_without_a_role_too(people: People, visit: Visit) -> None:
    for who in (people.owner, make_identity("nobody")):
        for path in (LIST, ROLES, GROUPS, f"{ROLES}new/", f"{LIST}{who.pk}/"):
            assert visit(who).get(path).status_code == 403, path
    assert visit(Identity.objects.get(username="nobody")).get("/admin/").status_code == 403
    assert visit(people.owner).get(PASSWORD).status_code == 200


def test_the_form_says_when_to_try_again(people: People) -> None:
    for _ in range(MOST_OF_ACCOUNT):
        assert "The name or the password is wrong" in log_in("owner", "wrong")[2]
    assert "try again in 15 min" in log_in("owner")[2]
    LoginFailures.objects.all().delete()
    assert log_in("owner")[1] == 302


def test_a_token_may_be_bound(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    made = client.post("/admin/tokens/", {"name": "x", "grants": "execution.view@own"})
    assert "att_" in made.content.decode()
    refused = client.post("/admin/tokens/", {"name": "x", "grants": "role.manage"})
    assert (refused.status_code, "does not have role.manage" in refused.content.decode()) == (400, True)


def test_pages_ask_the_same_however_many_there_are(people: People, visit: Visit) -> None:
    ensure_shipped_roles()
    client = visit(make_identity("keeper", role="keeper", grants=("identity.*", "role.*")))
    group = Group.objects.create(name="night")
    paths = (LIST, ROLES, GROUPS, f"{GROUPS}{group.pk}/", f"{ROLES}{Role.objects.get(name='viewer').pk}/")
    before = [statements_of(client, path) for path in paths]
    for number in range(5):
        one = make_identity(f"one{number}", role="viewer")
        group.user_set.add(one)
    assert [statements_of(client, path) for path in paths] == before
    assert max(before) <= MOST_STATEMENTS
