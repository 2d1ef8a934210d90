"""Which headers become part of an event: some, and never one that proves something."""

import pytest

from apps.triggers.webhooks.headers import KEPT, InvalidDelivery, delivery_of, kept, mistake_of_name


def test_an_event_keeps_what_is_listed_and_no_more() -> None:
    given = {
        "X-GitHub-Event": "push", "content-type": "application/json", "Authorization": "Bearer att_x", "Cookie": "s=1",
        "X-Hub-Signature-256": "sha256=0", "X-Attune-Token": "whs_x", "X-Unknown": "1", "Host": "h",
    }  # fmt: skip
    assert kept(given) == {"Content-Type": "application/json", "X-Github-Event": "push"}


def test_a_webhook_may_keep_more_in_any_case() -> None:
    assert kept({"X-PRIORITY": "1", "X-Other": "2"}, more=["x-priority"]) == {"X-Priority": "1"}


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-api-key", "X-Gitlab-Token", "Cookie", "X-Hub-Signature", "My-Secret", "Proxy-Authorization"],
)
def test_a_header_that_proves_something_is_kept_by_nobody(name: str) -> None:
    assert mistake_of_name(name)
    assert kept({name: "hush"}, more=[name]) == {}


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 61, "a:b"])
def test_what_is_no_name_of_a_header_is_refused(name: str) -> None:
    assert mistake_of_name(name)


def test_nothing_that_is_always_kept_may_prove_something() -> None:
    assert [name for name in KEPT if mistake_of_name(name)] == []


def test_values_are_cut_and_unprintable_ones_left_out() -> None:
    assert len(kept({"User-Agent": "x" * 5000})["User-Agent"]) == 1000
    assert kept({"User-Agent": "a\x00b"}) == {}


def test_the_first_name_of_a_delivery_counts() -> None:
    assert delivery_of({}) == ""
    assert delivery_of({"X-GitHub-Delivery": "g"}) == "g"
    assert delivery_of({"X-GitHub-Delivery": "g", "Idempotency-Key": " i "}) == "i"
    assert delivery_of({"X-GitHub-Delivery": "g", "Idempotency-Key": "i", "X-Attune-Delivery": "a"}) == "a"


@pytest.mark.parametrize("value", ["", "  ", "x" * 201, "a\x00b", "a\x85b"])
def test_a_delivery_without_a_proper_name_is_refused(value: str) -> None:
    with pytest.raises(InvalidDelivery):
        delivery_of({"X-Attune-Delivery": value})
