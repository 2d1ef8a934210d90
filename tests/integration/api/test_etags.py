import pytest
from rest_framework.test import APIClient

from tests.factories import make_action

ACTION = "/api/v1/actions/demo.deploy"
PACK = "/api/v1/packs/demo"


@pytest.mark.parametrize("url", [ACTION, PACK])
def test_a_change_needs_the_version_it_names(administrator: APIClient, url: str) -> None:
    make_action()
    tag = administrator.get(url)["ETag"]
    first = administrator.patch(url, {"enabled": False}, headers={"if-match": tag})
    assert (first.status_code, first.json()["enabled"]) == (200, False)
    assert first["ETag"] == administrator.get(url)["ETag"] != tag
    second = administrator.patch(url, {"enabled": True}, headers={"if-match": tag})
    assert (second.status_code, second.json()["code"]) == (412, "changed")
    assert administrator.get(url).json()["enabled"] is False
    for form in ('"x", {}', "W/{}", "*"):
        names = form.format(administrator.get(url)["ETag"])
        assert administrator.patch(url, {"enabled": False}, headers={"if-match": names}).status_code == 200, names
    assert administrator.patch(url, {"enabled": True}).status_code == 200


@pytest.mark.parametrize("header", ["", "x", '"', "W/", '"0"', "\xb9"])
def test_a_version_that_is_none_is_another_version(administrator: APIClient, header: str) -> None:
    make_action()
    assert administrator.patch(ACTION, {"enabled": True}, headers={"if-match": header}).status_code == 412


@pytest.mark.parametrize("url", [ACTION, PACK])
def test_who_has_this_version_is_not_sent_it_again(owner: APIClient, url: str) -> None:
    make_action()
    tag = owner.get(url)["ETag"]
    again = owner.get(url, headers={"if-none-match": tag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert owner.get(f"{url}?fields=ref", headers={"if-none-match": '"other"'})["ETag"] == tag
    assert owner.get(f"{url}?fields=ref").json() == {"ref": url.rpartition("/")[2]}
