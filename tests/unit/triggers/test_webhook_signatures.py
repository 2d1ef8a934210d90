"""Who signed what, and when: each scheme against right, wrong, old and foreign signatures."""

import hashlib
import hmac

import pytest

from apps.triggers.webhooks.signatures import (
    SCHEMES,
    TOLERANCE_S,
    Mistake,
    Scheme,
    fingerprint,
    is_one_of,
    mistake,
    sign,
)

NOW = 1_700_000_000.0
SECRET, OTHER = b"whs_of-the-first", b"whs_of-the-second"
BODY = b'{"host": "db1"}'


def signed(*, secret: bytes = SECRET, timestamp: str = "1700000000", body: bytes = BODY) -> dict[str, str]:
    signature = sign(SCHEMES["hmac"], secret, body, timestamp=timestamp)
    return {"X-Attune-Timestamp": timestamp, "X-Attune-Signature": signature}


def judge(headers: dict[str, str], *, secrets: tuple[bytes, ...] = (SECRET,), body: bytes = BODY) -> Mistake | None:
    return mistake(SCHEMES["hmac"], secrets, headers=headers, body=body, now=NOW)


def test_our_scheme_is_hmac_sha256_of_timestamp_dot_body() -> None:
    expected = hmac.new(SECRET, b"1700000000." + BODY, hashlib.sha256).hexdigest()
    assert signed()["X-Attune-Signature"] == f"v1={expected}"
    assert judge(signed()) is None


def test_the_scheme_of_github_is_that_of_its_documents() -> None:
    # https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    told = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"X-Hub-Signature-256": told}
    secret, body = b"It's a Secret to Everybody", b"Hello, World!"
    assert mistake(SCHEMES["github"], [secret], headers=headers, body=body, now=NOW) is None
    assert mistake(SCHEMES["github"], [SECRET], headers=headers, body=body, now=NOW) is Mistake.WRONG_SIGNATURE


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Mistake.NO_SIGNATURE),
        ({"X-Attune-Timestamp": "1700000000"}, Mistake.NO_SIGNATURE),
        ({"X-Attune-Signature": "v1=" + "0" * 64}, Mistake.NO_TIMESTAMP),
        ({**signed(), "X-Attune-Timestamp": "yesterday"}, Mistake.NO_TIMESTAMP),
        ({**signed(), "X-Attune-Timestamp": "-5"}, Mistake.NO_TIMESTAMP),
        ({**signed(), "X-Attune-Timestamp": "٣"}, Mistake.NO_TIMESTAMP),
        ({**signed(), "X-Attune-Timestamp": "1" * 400}, Mistake.NO_TIMESTAMP),
        ({**signed(), "X-Attune-Timestamp": "1700000001"}, Mistake.WRONG_SIGNATURE),
        ({**signed(), "X-Attune-Signature": "v1=" + "0" * 64}, Mistake.WRONG_SIGNATURE),
        ({**signed(), "X-Attune-Signature": signed()["X-Attune-Signature"][3:]}, Mistake.WRONG_SIGNATURE),
        ({**signed(), "X-Attune-Signature": "v1=é" + "0" * 63}, Mistake.WRONG_SIGNATURE),
        ({**signed(), "X-Attune-Signature": "v1=" + "٣" * 64}, Mistake.WRONG_SIGNATURE),
        (signed(secret=OTHER), Mistake.WRONG_SIGNATURE),
        (signed(body=b"{}"), Mistake.WRONG_SIGNATURE),
        (signed(timestamp=str(int(NOW - TOLERANCE_S - 1))), Mistake.OLD_SIGNATURE),
        (signed(timestamp=str(int(NOW + TOLERANCE_S + 1))), Mistake.OLD_SIGNATURE),
        (signed(timestamp=str(int(NOW - TOLERANCE_S))), None),
        (signed(timestamp=str(int(NOW + TOLERANCE_S))), None),
        (signed(timestamp="1700000000.123456"), None),
        ({**signed(), "X-Attune-Signature": "v1=" + signed()["X-Attune-Signature"][3:].upper()}, None),
    ],
)  # fmt: skip
def test_a_signature_is_judged(headers: dict[str, str], expected: Mistake | None) -> None:
    assert judge(headers) is expected


def test_each_of_two_secrets_counts() -> None:
    assert judge(signed(secret=OTHER), secrets=(SECRET, OTHER)) is None
    assert judge(signed(secret=SECRET), secrets=(SECRET, OTHER)) is None


def test_without_a_secret_nothing_counts() -> None:
    assert judge(signed(), secrets=()) is Mistake.WRONG_SIGNATURE


def test_another_scheme_is_one_entry() -> None:
    slack = Scheme("X-Slack-Signature", "v0=", lambda at, body: b"v0:" + at + b":" + body, "X-Slack-Request-Timestamp")
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    secrets = [b"8f742231b10e8888abcd99yyyzzz85a5"]
    assert mistake(slack, secrets, headers=headers, body=body, now=1531420618) is None


def test_a_fingerprint_tells_signed_moments_apart_and_is_no_signature() -> None:
    first, second = signed(), signed(timestamp="1700000001")
    shown = fingerprint(SCHEMES["hmac"], first)
    assert shown is not None
    assert shown != fingerprint(SCHEMES["hmac"], second)
    assert shown.hex() not in first["X-Attune-Signature"]
    assert fingerprint(SCHEMES["github"], {"X-Hub-Signature-256": "sha256=0"}) is None


def test_a_token_is_one_of_the_secrets_or_is_not() -> None:
    assert is_one_of("whs_of-the-second", [SECRET, OTHER])
    assert not is_one_of("whs_of-the-seconD", [SECRET, OTHER])
    assert not is_one_of("", [SECRET])
    assert not is_one_of("\udcff", [SECRET])
    assert not is_one_of("x", [])
