"""`attune key`, `attune audit` and `attune pack config`"""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.cli.nouns import audit
from tests.integration.cli.canned import Answer, Canned, page, problem
from tests.integration.cli.conftest import Attune
from tests.integration.cli.recorded import audit_record, configuration, one_key

KEY, AUDIT, CONFIG = "/api/v1/keys/cloud_key", "/api/v1/audit", "/api/v1/packs/demo/config"


@pytest.fixture
def said(canned: Canned) -> None:
    """The key can be set."""
    canned.on("PUT", KEY, Answer(one_key() | {"warnings": []}, 201))


def bodies(canned: Canned) -> list[Any]:
    return canned.bodies("PUT", KEY)


@pytest.mark.parametrize("written", ["hush-hush", "hush-hush\n", "hush-hush\r\n"])
def test_a_value_comes_from_stdin_or_a_file_without_its_last_newline(
    attune: Attune, canned: Canned, said: None, tmp_path: Path, written: str
) -> None:
    (tmp_path / "value").write_bytes(written.encode())
    assert attune("key", "set", "cloud_key", "--stdin", stdin=written).code == 0
    assert attune("key", "set", "cloud_key", "--file", str(tmp_path / "value")).code == 0
    assert bodies(canned) == [{"value": "hush-hush"}] * 2


def test_other_newlines_and_spaces_are_part_of_the_value(attune: Attune, canned: Canned, said: None) -> None:
    attune("key", "set", "cloud_key", "--stdin", stdin=" a\nb\n\n")
    assert bodies(canned) == [{"value": " a\nb\n"}]


def test_what_is_said_about_it_goes_along(attune: Attune, canned: Canned, said: None) -> None:
    words = ["--value-is-json", "--description", "for x", "--expires", "never", "--no-secret"]
    assert attune("key", "set", "cloud_key", '{"a": [1]}', *words).code == 0
    assert bodies(canned) == [{"value": {"a": [1]}, "description": "for x", "expires_at": None, "encrypted": False}]


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (["cloud_key"], None),
        (["cloud_key", "hush-hush", "--stdin"], "hush-hush"),
        (["cloud_key", "hush-hush", "--value-is-json"], None),
        (["cloud_key", "--file", "/nonexistent"], None),
        (["cloud_key", "hush-hush", "--pack", "a", "--action", "b"], None),
        (["pack:a:b", "hush-hush", "--pack", "a"], None),
    ],
)
def test_what_cannot_be_meant_is_refused_without_repeating_the_value(
    attune: Attune, canned: Canned, words: list[str], stdin: str | None
) -> None:
    ended = attune("key", "set", *words, stdin=stdin)
    assert ended.code == 2
    assert "hush" not in ended.out + ended.err
    assert canned.asked == []


def test_a_file_that_is_no_text_says_what_to_do(attune: Attune, tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"\xff\xfe")
    assert "encode it, for example as base64" in attune("key", "set", "a", "--file", str(tmp_path / "value")).err


def test_the_value_is_asked_for_only_to_reveal_it(attune: Attune, canned: Canned) -> None:
    canned.on("GET", KEY, one_key())
    canned.on("POST", f"{KEY}/reveal", {"ref": "cloud_key", "version": 2, "value": {"a": 1}})
    attune("key", "get", "cloud_key")
    assert [one.method for one in canned.asked] == ["GET"]
    assert json.loads(attune("key", "get", "cloud_key", "--reveal").out) == {"a": 1}


def test_a_list_is_narrowed_to_an_owner(attune: Attune, canned: Canned) -> None:
    canned.on("GET", "/api/v1/keys", page())
    assert "no such keys" in attune("key", "list", "--pack", "demo").err
    assert (canned.asked[0].query["owner"], canned.asked[0].query["owner_ref"]) == (["pack"], ["demo"])


def test_following_the_audit_tells_each_record_once_in_its_order(
    attune: Attune, canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_PAUSE_S", 0.0)
    over = problem(403, "forbidden", "You may not do this.")
    canned.on("GET", AUDIT, page(audit_record(2), audit_record(1)), page(audit_record(3), audit_record(2)), over)
    ended = attune("audit", "list", "--follow", "--deed", "key.reveal", "--json")
    assert ended.code == 1
    decoder, text, ids = json.JSONDecoder(), ended.out.strip(), []
    while text:
        record, end = decoder.raw_decode(text)
        ids.append(record["id"])
        text = text[end:].strip()
    assert ids == [1, 2, 3]
    assert canned.asked[0].query["deed"] == ["key.reveal"]


def test_a_configuration_is_changed_field_by_field(attune: Attune, canned: Canned) -> None:
    canned.on("GET", CONFIG, configuration(values={"region": "north", "zones": [1], "password": "***"}))
    canned.on("PUT", CONFIG, configuration())
    assert attune("pack", "config", "demo", "region=south", "--unset", "zones", "--unset", "password").code == 0
    assert canned.bodies("PUT", CONFIG) == [{"values": {"region": "south", "password": None}}]


def test_a_value_without_a_field_is_refused_without_repeating_it(attune: Attune, canned: Canned) -> None:
    canned.on("GET", CONFIG, configuration())
    ended = attune("pack", "config", "demo", "hush-hush")
    assert ended.code == 2
    assert "hush" not in ended.err
