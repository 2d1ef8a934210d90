import base64
import html
import json
import shlex
import subprocess
from urllib.parse import quote, quote_plus

import pytest

from apps.runner.variants import variants_of, weakness_of

SECRET = b"p\xc3\xa4ss \"w\\rd/+'$1"


def found_in(text: bytes, secret: bytes = SECRET) -> bool:
    return any(variant in text for variant in variants_of(secret))


@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_secret_is_recognised_in_a_json_document(is_ascii: bool) -> None:
    assert found_in(json.dumps({"a": SECRET.decode()}, ensure_ascii=is_ascii).encode())


def test_a_secret_is_recognised_in_json_that_escapes_slashes() -> None:
    assert found_in(json.dumps(SECRET.decode()).replace("/", "\\/").encode())


@pytest.mark.parametrize("encode", [quote, quote_plus, lambda text: quote(text, safe="")])
def test_a_secret_is_recognised_in_a_url(encode: object) -> None:
    encoded = encode(SECRET.decode())  # type: ignore[operator]

    assert found_in(f"https://host/?token={encoded}&x=1".encode())
    assert found_in(encoded.lower().encode(), SECRET.lower())


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"xyz", b"user:"])
@pytest.mark.parametrize("after", [b"", b"x", b"xy", b"xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_recognised_in_base64_whatever_stands_around_it(
    before: bytes, after: bytes, encode: object
) -> None:
    for secret in (b"secre7", b"secret7", b"secret78", b"\xff\xfb\xef\xbe\xff\xff"):
        assert found_in(encode(before + secret + after), secret)  # type: ignore[operator]


def test_a_secret_is_recognised_in_base64_broken_into_lines() -> None:
    secret = bytes(range(32, 127)) * 2

    for encoded in (base64.encodebytes(secret), base64.encodebytes(secret + b"\n")):
        variants = variants_of(secret)
        for line in encoded.splitlines()[:-1]:
            assert line in variants


def test_a_secret_is_recognised_in_a_python_traceback() -> None:
    for secret in ('it\'s "one"', "it's so", "new\nline and tab\t", "W\xf6rgl \u2028 \\"):
        for shown in (repr(secret), ascii(secret), repr(secret.encode()), f"KeyError({secret!r})"):
            assert found_in(shown.encode(), secret.encode()), shown
    assert found_in(repr(b"\xff\xfe\xfd'\x00more").encode(), b"\xff\xfe\xfd'\x00more")


def test_a_secret_is_recognised_in_json_inside_json() -> None:
    inner = json.dumps({"token": 'a"b\\c/d\n\u00e9'})

    assert found_in(json.dumps({"body": inner}).encode(), 'a"b\\c/d\n\u00e9'.encode())


def test_a_secret_is_recognised_as_other_languages_escape_it() -> None:
    secret = "<W\xf6rgl & 'co'>"

    assert found_in(b'{"token":"\\u003cW\xc3\xb6rgl \\u0026 \\u0027co\\u0027\\u003e"}', secret.encode())
    assert found_in(b'{"token":"W\\u00F6rgl-9"}', "W\xf6rgl-9".encode())
    assert found_in(b"?token=%3CW%C3%B6rgl%20%26%20'co'%3E", secret.encode())
    assert found_in(html.escape(secret).encode(), secret.encode())
    assert found_in(b"VALUES ('<W\xc3\xb6rgl & ''co''>')", secret.encode())


def test_a_secret_is_recognised_in_hex() -> None:
    assert found_in(b"00" + SECRET.hex().encode())
    assert found_in(b"00" + SECRET.hex().upper().encode())


def test_a_secret_is_recognised_as_the_shell_quotes_it() -> None:
    assert found_in(shlex.quote(SECRET.decode()).encode())
    assert found_in(shlex.quote("it's a secret").encode(), b"it's a secret")


@pytest.mark.parametrize("script", ['printf %q "$1"', 'set -x; : "$1"', 'printf "%s" "${1@Q}"', "declare -p secret"])
@pytest.mark.parametrize("secret", ['it\'s a "secret" & more', "two\nlines' and $more", "W\xf6rgl\tof the deep"])
def test_a_secret_is_recognised_as_bash_prints_it(script: str, secret: str) -> None:
    script = f"secret=$1; {script}"

    printed = subprocess.run(
        ["bash", "-c", script, "bash", secret], check=True, capture_output=True, env={"LC_ALL": "C"}
    )

    assert found_in(printed.stdout + printed.stderr, secret.encode())


def test_each_long_line_of_a_secret_is_one_too() -> None:
    variants = variants_of(b"-----BEGIN KEY-----\r\nabcdefgh\n  indented line\nshort\n")

    assert {b"-----BEGIN KEY-----", b"abcdefgh", b"indented line"} <= variants
    assert b"short" not in variants


def test_a_line_feed_at_the_end_of_a_secret_does_not_hide_it() -> None:
    assert b"hunter2hunter2" in variants_of(b"hunter2hunter2\n")


@pytest.mark.parametrize("encode", [base64.b64encode, bytes.hex, quote])
def test_a_line_feed_at_the_end_of_a_secret_does_not_hide_the_encoded_rest_of_it(encode: object) -> None:
    """It came with the file the secret was given in; `$(get_secret …)` and most programs leave it out."""
    for before in (b"", b"a", b"user:"):
        encoded = encode(before + b"hunter2-Secret!")  # type: ignore[operator]

        assert found_in(encoded if isinstance(encoded, bytes) else encoded.encode(), b"hunter2-Secret!\r\n")


def test_a_short_secret_has_no_variants() -> None:
    assert variants_of(b"12345") == frozenset()


def test_a_secret_that_is_no_text_is_recognised_raw() -> None:
    assert found_in(b"..\xff\xfe\xfd\xfc\xfb\xfa..", b"\xff\xfe\xfd\xfc\xfb\xfa")


def test_whoever_saves_a_secret_is_told_when_it_is_too_common_to_be_masked_everywhere() -> None:
    assert weakness_of(b"12345") is not None
    assert weakness_of(b"Password") is not None
    assert weakness_of(b"hunter2-Secret!9") is None
    assert weakness_of(b"") is None
