"""Which urls a webhook may have."""

import pytest

from apps.triggers.webhooks.addresses import MAX_CHARS, mistake_of, parameter_errors


@pytest.mark.parametrize("url", ["deploy", "github/pushes", "a.b/c_d/e-f~g", "deliveries/x", "v1", "x" * MAX_CHARS])
def test_these_may_be(url: str) -> None:
    assert mistake_of(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "/deploy", "deploy/", "a//b", "..", "a/../b", "a/.", ".hidden", "a b", "a?b", "a%2Fb", "a#b", "ä",
        "a\n", "a\x00b", "deliveries", "rotate", "a/deliveries", "a/rotate", "x" * (MAX_CHARS + 1),
    ],
)  # fmt: skip
def test_these_may_not_be(url: str) -> None:
    assert mistake_of(url)


def test_who_listens_hears_at_which_place_the_mistake_is() -> None:
    assert parameter_errors({"url": "deploy"}) == []
    assert [(error.pointer, error.code) for error in parameter_errors({"url": "/deploy"})] == [("/url", "invalid_url")]
    assert parameter_errors({})[0].pointer == "/url"
