import base64
import os

import pytest

from apps.core.crypto import Keyring, KeyringError, SealBroken, key_id_of


def ring(*ids: str) -> Keyring:
    return Keyring({key_id: os.urandom(32) for key_id in ids})


def test_what_was_sealed_opens_with_the_same_binding() -> None:
    keys = ring("k1")
    sealed = keys.seal(b"swordfish", bound_to="row 1")
    assert keys.open(sealed, bound_to="row 1") == b"swordfish"
    assert b"swordfish" not in sealed


def test_equal_values_have_different_ciphertexts() -> None:
    keys = ring("k1")
    assert keys.seal(b"same", bound_to="row") != keys.seal(b"same", bound_to="row")


def test_a_value_moved_to_another_row_does_not_open() -> None:
    keys = ring("k1")
    sealed = keys.seal(b"swordfish", bound_to="row 1")
    with pytest.raises(SealBroken):
        keys.open(sealed, bound_to="row 2")


@pytest.mark.parametrize("position", [0, 1, 3, 20, 70, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    keys = ring("k1")
    sealed = bytearray(keys.seal(b"swordfish", bound_to="row"))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        keys.open(bytes(sealed), bound_to="row")


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x01\x05", b"\x02" + b"x" * 200, b"\x01\xff" + b"x" * 100])
def test_garbage_is_no_sealed_value(garbage: bytes) -> None:
    with pytest.raises(SealBroken):
        ring("k1").open(garbage, bound_to="row")


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old = ring("old")
    sealed = old.seal(b"value", bound_to="row")
    both = Keyring({"new": os.urandom(32), **old.keys})
    assert both.current_id == "new"
    assert both.open(sealed, bound_to="row") == b"value"


def test_rewrapping_changes_the_key_and_leaves_the_ciphertext() -> None:
    old = ring("old")
    sealed = old.seal(b"swordfish", bound_to="row")
    both = Keyring({"new": os.urandom(32), **old.keys})
    rewrapped = both.rewrap(sealed, bound_to="row")
    assert (key_id_of(sealed), key_id_of(rewrapped)) == ("old", "new")
    assert rewrapped[-9 - 16 :] == sealed[-9 - 16 :]
    assert Keyring({"new": both.keys["new"]}).open(rewrapped, bound_to="row") == b"swordfish"


def test_what_does_not_open_is_not_rewrapped() -> None:
    keys = ring("k1")
    sealed = keys.seal(b"swordfish", bound_to="row")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for broken, place in ((changed, "row"), (sealed, "another row"), (sealed[:40], "row"), (b"", "row")):
        with pytest.raises(SealBroken):
            keys.rewrap(broken, bound_to=place)


def test_a_key_that_is_not_there_is_named() -> None:
    sealed = ring("lost").seal(b"value", bound_to="row")
    with pytest.raises(SealBroken, match="lost"):
        ring("other").open(sealed, bound_to="row")


def test_a_keyring_is_read_from_lines_and_commas() -> None:
    encoded = base64.b64encode(bytes(32)).decode()
    assert list(Keyring.parse(f"a:{encoded}\n b:{encoded},c:{encoded}\n").keys) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("nocolon", "entry 1"),
        ("a:!!!", "base64"),
        ("a:" + base64.b64encode(b"short").decode(), "5 bytes"),
        ("a b:" + base64.b64encode(bytes(32)).decode(), "entry 1"),
        (f"a:{base64.b64encode(bytes(32)).decode()},a:{base64.b64encode(bytes(32)).decode()}", "twice"),
    ],
)
def test_a_malformed_keyring_says_what_is_wrong_and_never_a_key(text: str, said: str) -> None:
    with pytest.raises(KeyringError) as caught:
        Keyring.parse(text)
    assert said in str(caught.value)
    assert base64.b64encode(bytes(32)).decode() not in str(caught.value)
