"""Keys in the console: a value is written and never shown."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.keys.models import Key
from apps.keys.owners import SYSTEM
from apps.keys.services import reveal_key, set_key
from apps.operations.models import Operation
from apps.packs.models import Pack, PackConfig
from apps.packs.services.config import given_config, set_config
from tests.factories import make_action
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People

PAGE = "/admin/keys/"
CANARY = "sw0rdf1sh-canary"


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    make_action()
    return visit(people.administrator)


def new(client: Client, **fields: str) -> Any:
    return client.post(f"{PAGE}new/", {"name": "token", "owner_type": "system", "value": CANARY, **fields}, follow=True)


def value(people: People) -> Any:
    return reveal_key(Key.objects.get(), by=people.administrator)


def test_a_key_is_made_set_described_and_deleted_and_no_page_shows_its_value(
    administrator: Client, people: People
) -> None:
    pages = [new(administrator, owner_type="pack", owner_ref="demo", description="for the cloud")]
    key = Key.objects.get()
    assert (key.ref, key.description, value(people)) == ("pack:demo:token", "for the cloud", CANARY)
    address = f"{PAGE}{key.pk}/"
    pages.append(administrator.post(address, {"value": f'["{CANARY}"]', "is_json": "on"}, follow=True))
    assert value(people) == [CANARY]
    pages.append(administrator.post(address, {"description": "new", "expires_at": "2099-01-01T00:00"}, follow=True))
    pages += [administrator.get(PAGE), administrator.get(f"{PAGE}?q=tok")]
    assert {page.status_code for page in pages} == {200}
    assert not any(CANARY in page.content.decode() for page in pages)
    administrator.post(address, {"delete": "1"})
    assert not Key.objects.exists()
    records = AuditRecord.objects.filter(deed="key.manage").values_list("on", "outcome")
    assert set(records) == {("pack:demo:token", "done")}
    assert len(records) == 4


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "9"}, "not beginning with a digit"),
        ({"owner_type": "pack", "owner_ref": "nobody"}, "There is no pack nobody"),
        ({"is_json": "on"}, "This is not JSON"),
        ({"expires_at": "2001-01-01T00:00"}, "lies in the past"),
        ({"value": CANARY * 6000}, "at most 65536"),
    ],
)
def test_what_is_wrong_is_told_and_the_value_has_to_be_typed_again(
    administrator: Client, given: dict[str, str], told: str
) -> None:
    answer = new(administrator, **given)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert CANARY not in answer.content.decode()
    assert not Key.objects.exists()


def test_of_a_key_that_is_no_secret_the_page_does_not_promise_to_hide_it(administrator: Client) -> None:
    address = f"{PAGE}{set_key(SYSTEM, 'region', value='eu-1', by=None, is_encrypted=False).key.pk}/"
    assert "stored encrypted" not in look(administrator, address)
    assert "no secret: what you set is shown over the API and not masked" in look(administrator, address)
    new(administrator)
    assert "stored encrypted" in look(administrator, f"{PAGE}{Key.objects.get(name='token').pk}/")


def test_a_name_that_is_taken_is_refused(administrator: Client, people: People) -> None:
    new(administrator)
    answer = new(administrator, value="another-value")
    assert "There is a key token already" in answer.content.decode()
    assert value(people) == CANARY


def test_a_short_value_is_warned_of(administrator: Client) -> None:
    assert "shorter than 6 bytes" in new(administrator, value="abc").content.decode()


def test_an_expired_key_and_one_whose_owner_is_gone_say_so(administrator: Client) -> None:
    new(administrator, owner_type="action", owner_ref="demo.deploy")
    Key.objects.update(expires_at=timezone.now())
    assert "expired" in look(administrator, PAGE)
    Pack.objects.update(ref="other", safe_name="other")
    make_action()
    assert "gone" in look(administrator, PAGE)
    assert "its action is gone" in look(administrator, f"{PAGE}{Key.objects.get().pk}/")


def test_rotation_is_asked_for_and_followed(administrator: Client) -> None:
    answer = administrator.post(PAGE)
    assert answer.headers["Location"] == f"/admin/operations/{Operation.objects.get().pk}/"


def test_the_list_asks_the_same_however_long_it_is(administrator: Client) -> None:
    set_key(SYSTEM, "a", value=1, by=None)
    before = statements_of(administrator, PAGE)
    for number in range(5):
        set_key(SYSTEM, f"b{number}", value=1, by=None)
    assert statements_of(administrator, PAGE) == before <= MOST_STATEMENTS


def test_keys_and_audit_are_for_administrators(people: People, visit: Visit) -> None:
    client = visit(people.owner)
    key = set_key(SYSTEM, "a", value=CANARY, by=None).key
    for address in (PAGE, f"{PAGE}new/", f"{PAGE}{key.pk}/", "/admin/audit/"):
        assert client.get(address).status_code == 403
    client.post(f"{PAGE}{key.pk}/", {"delete": "1"})
    assert Key.objects.count() == 1


def test_the_audit_is_looked_at_narrowed_and_exported(administrator: Client) -> None:
    new(administrator)
    administrator.post(PAGE)
    everything = look(administrator, "/admin/audit/")
    assert "key.manage" in everything
    assert "execution.run" not in everything
    assert "Nothing of the kind" in look(administrator, "/admin/audit/?who=nobody&outcome=refused")
    assert "/api/v1/audit/export?deed=key.manage" in look(administrator, "/admin/audit/?deed=key.manage")
    assert statements_of(administrator, "/admin/audit/") <= MOST_STATEMENTS


def test_the_bare_row_of_a_configuration_shows_none_of_it(administrator: Client) -> None:
    """What is secret in it is known to the version that serves, not to the row."""
    pack = Pack.objects.select_related("current").get()
    assert pack.current is not None
    for is_secret in (False, True):
        pack.current.config_schema = {"host": {"type": "string", "secret": is_secret}}
        pack.current.save()
        if not is_secret:
            set_config(pack, {"host": CANARY}, by=None)
    page = administrator.get(f"/admin/tables/packs/packconfig/{PackConfig.objects.get().pk}/change/")
    assert page.status_code == 200
    assert CANARY not in page.content.decode()


def test_a_pack_is_configured_by_a_form_of_its_schema(administrator: Client) -> None:
    pack = Pack.objects.select_related("current").get()
    assert pack.current is not None
    pack.current.config_schema = {
        "host": {"type": "string", "required": True},
        "password": {"type": "string", "secret": True},
    }
    pack.current.digest = f"c{pack.current.pk:063x}"
    pack.current.save()
    assert "Configure" in look(administrator, "/admin/packs/demo/")
    address = "/admin/packs/demo/config/"
    refused = administrator.post(address, {"p.password": CANARY})
    assert refused.status_code == 400
    assert "host is required" in refused.content.decode()
    assert CANARY not in refused.content.decode()
    administrator.post(address, {"p.host": "a", "p.password": CANARY})
    administrator.post(address, {"p.host": "b", "p.password": ""})
    assert given_config("demo", pack.current.digest).values == {"host": "b", "password": CANARY}
    page = look(administrator, address)
    assert 'value="b"' in page
    assert CANARY not in page
    set_config(pack, {"host": "c"}, by=None)
