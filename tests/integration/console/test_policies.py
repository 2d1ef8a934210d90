import pytest
from django.test import Client

from apps.executions.models import Policy
from tests.factories import make_action, make_gate, make_policy
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People

LIST = "/admin/policies/"
NEW = f"{LIST}new/"
EVIL = "<script>alert(1)</script>"
GOOD = {"name": "hosts", "scope": "pack", "subject": "demo", "limit": "4", "when_full": "queue", "key": "{{ host }}"}


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def test_a_list_tells_limits_and_asks_the_same_however_long_it_is(administrator: Client) -> None:
    make_gate(make_policy(EVIL))
    before = statements_of(administrator, LIST)
    make_action(concurrency={"limit": 3})
    Policy.objects.filter(source="action").update(limit_override=0)
    text = look(administrator, LIST)
    assert EVIL not in text
    assert "paused" in text
    assert "file: 3" in text
    assert "No policy has nothing" in look(administrator, f"{LIST}?q=nothing")
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS


def test_a_policy_is_made_changed_and_removed(administrator: Client) -> None:
    make_action(parameters={"host": {}})
    made = administrator.post(NEW, {**GOOD, "expires_s": "60.5"})
    policy = Policy.objects.get()
    assert made.headers["Location"] == f"{LIST}{policy.pk}/"
    assert (policy.limit, policy.key, policy.expires_s, policy.max_waiting) == (4, "{{ host }}", 60.5, None)
    changes = {"limit": "0", "key": "", "when_full": "reject", "max_waiting": ""}
    refused = administrator.post(f"{LIST}{policy.pk}/", {**changes, "max_waiting": "7"})
    assert "max_waiting means nothing" in refused.content.decode()
    administrator.post(f"{LIST}{policy.pk}/", changes)
    policy.refresh_from_db()
    assert (policy.limit, policy.key, policy.when_full, policy.max_waiting) == (0, None, "reject", None)
    assert statements_of(administrator, f"{LIST}{policy.pk}/") <= MOST_STATEMENTS
    administrator.post(f"{LIST}{policy.pk}/", {"remove": "1"})
    policy.refresh_from_db()
    assert policy.is_removed
    look(administrator, f"{LIST}{policy.pk}/", status=404)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x\0"}, "Null characters are not allowed"),
        ({"scope": "planet"}, "Select a valid choice"),
        ({"scope": "system"}, "has no subject"),
        ({"subject": ""}, "names its action or pack"),
        ({"subject": "gone"}, "there is no pack gone"),
        ({"key": "{{ nobody }}"}, "which is no parameter"),
        ({"limit": "-1"}, "greater than or equal to 0"),
        ({"limit": "9" * 30}, "less than or equal to"),
        ({"key": "{{ host"}, "a-field-wrong"),
        ({"key": "always"}, "names no parameter"),
        ({"expires_s": "nan"}, "Enter a number"),
        ({"max_waiting": "1.5"}, "Enter a whole number"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_written_stays(
    administrator: Client, wrong: dict[str, str], told: str
) -> None:
    make_action(parameters={"host": {}})
    answer = administrator.post(NEW, {**GOOD, **wrong})
    text = answer.content.decode()
    assert answer.status_code == 400
    assert told in text
    assert "a-field-wrong" in text
    assert not Policy.objects.exists()


KINDS: dict[str, tuple[dict[str, str], dict[str, object]]] = {
    "rate": ({"limit": "5", "window_s": "60", "when_full": "queue"}, {"limit": 5, "window_s": 60.0}),
    "retry": (
        {"max_attempts": "3", "on": "failed", "backoff": "linear", "delay_s": "2", "max_delay_s": "9", "jitter": "0"},
        {
            "retry": {
                "max_attempts": 3, "on": ["failed"], "backoff": "linear", "delay_s": 2.0, "max_delay_s": 9.0,
                "jitter": 0.0,
            }
        },
    ),
    "timeout": ({"timeout_s": "7.5"}, {"timeout_s": 7.5}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_form_that_says_it(administrator: Client, kind: str) -> None:
    given, said = KINDS[kind]
    assert "window_s" in look(administrator, f"{NEW}?kind=rate")
    place = {"name": kind, "scope": "system", "subject": ""}
    assert administrator.post(f"{NEW}?kind={kind}", place).status_code == 400
    made = administrator.post(f"{NEW}?kind={kind}", {**place, **given})
    policy = Policy.objects.get()
    assert made.headers["Location"] == f"{LIST}{policy.pk}/"
    assert {name: getattr(policy, name) for name in said} == said
    text = look(administrator, f"{LIST}{policy.pk}/")
    for name, value in given.items():
        assert f'name="{name}"' in text
        assert value in text
    administrator.post(f"{LIST}{policy.pk}/", given)
    policy.refresh_from_db()
    assert (policy.limit_version, {name: getattr(policy, name) for name in said}) == (2, said)
    assert {"rate": "5 in 1 min", "retry": "3 tries", "timeout": "7.5"}[kind] in look(administrator, LIST)


def test_what_is_wrong_in_a_retry_is_told_at_its_field(administrator: Client) -> None:
    given = {**KINDS["retry"][0], "name": "again", "scope": "system", "delay_s": "10"}
    answer = administrator.post(f"{NEW}?kind=retry", given)
    assert answer.status_code == 400
    assert "the delay is longer than the longest one" in answer.content.decode()


def test_of_a_packs_files_only_limits_are_moved(administrator: Client, people: People) -> None:
    fields = {"source": "pack", "pack_ref": "demo", "scope": "pack", "subject": "demo"}
    rate = make_policy("demo.gentle", kind="rate", limit=5, window_s=60, **fields)
    quick = make_policy("demo.quick", kind="timeout", limit=None, timeout_s=5, **fields)
    administrator.post(f"{LIST}{rate.pk}/", {"limit": "7", "window_s": "1"})
    administrator.post(f"{LIST}{rate.pk}/", {"limit": "10001"})
    rate.refresh_from_db()
    assert (rate.limit_in_force, rate.window_s) == (7, 60)
    assert "stands in a file of its pack" in look(administrator, f"{LIST}{quick.pk}/")
    administrator.post(f"{LIST}{quick.pk}/", {"limit": "7"})
    quick.refresh_from_db()
    assert (quick.limit_override, quick.timeout_s) == (None, 5)


def test_a_taken_name_is_told(administrator: Client) -> None:
    make_action(parameters={"host": {}})
    make_policy("hosts")
    assert "There is a policy called" in administrator.post(NEW, GOOD).content.decode()


def test_of_a_files_policy_only_the_limit_moves(administrator: Client) -> None:
    make_action(concurrency={"limit": 3})
    policy = Policy.objects.get()
    address = f"{LIST}{policy.pk}/"
    assert 'name="key"' not in look(administrator, address)
    administrator.post(address, {"limit": "5", "key": "{{ x }}"})
    administrator.post(address, {"remove": "1"})
    policy.refresh_from_db()
    assert (policy.limit_in_force, policy.key, policy.is_removed) == (5, None, False)


def test_plain_users_look_and_change_nothing(people: People, visit: Visit) -> None:
    policy = make_policy()
    plain = visit(people.owner)
    assert NEW not in look(plain, LIST)
    look(plain, NEW, status=403)
    assert 'type="number"' not in look(plain, f"{LIST}{policy.pk}/")
    for address in (NEW, f"{LIST}{policy.pk}/"):
        plain.post(address, {**GOOD, "remove": "1"})
        assert Client().post(address, GOOD).headers["Location"].startswith("/admin/login/")
    policy.refresh_from_db()
    assert (Policy.objects.count(), policy.is_removed, policy.limit) == (1, False, 2)
