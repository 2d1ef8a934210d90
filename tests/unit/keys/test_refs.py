import pytest

from apps.keys.models import Key
from apps.keys.refs import KeyRef, parse


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cloud_key", KeyRef(Key.OwnerType.SYSTEM, "", "cloud_key")),
        ("a.b-c", KeyRef(Key.OwnerType.SYSTEM, "", "a.b-c")),
        ("pack:aws.s3:token", KeyRef(Key.OwnerType.PACK, "aws.s3", "token")),
        ("action:aws.s3.upload:token", KeyRef(Key.OwnerType.ACTION, "aws.s3.upload", "token")),
        ("17", 17),
        ("17a", None),
        ("", None),
        ("pack:aws", None),
        ("pack::token", None),
        ("sensor:a.b:token", KeyRef(Key.OwnerType.SENSOR, "a.b", "token")),
        ("identity:ann:token", None),
        ("a|b", None),
        ("a\n", None),
        ("pack:a\0b:token", None),
        ("9" * 30, None),
        ("x" * 151, None),
    ],
)
def test_a_ref_says_whose_key_it_is(text: str, meant: KeyRef | int | None) -> None:
    assert parse(text) == meant
