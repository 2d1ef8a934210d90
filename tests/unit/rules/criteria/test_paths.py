"""Which paths are understood, and what they lead to."""

from typing import Any

import pytest

from apps.rules.criteria.errors import BadPath
from apps.rules.criteria.paths import compile_path

PAYLOAD: dict[str, Any] = {
    "body": {"host": "web", "a b": 1, "x-y": 2, "0": "zero", "it's": 3, "ключ": 4, "items": 5, "@type": 6},
    "list": [{"n": 1}, {"m": 2}, {"n": 3}],
    "null": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("trigger", PAYLOAD),
        ("trigger.body.host", "web"),
        ("$.trigger.body.host", "web"),
        ("trigger.body.x-y", 2),
        ("trigger.body['a b']", 1),
        ('trigger.body["it\'s"]', 3),
        ("trigger.body.'a b'", 1),
        ("trigger['body']['host']", "web"),
        ("trigger.body.ключ", 4),
        ("trigger.body.items", 5),
        ("trigger.body.@type", 6),
        ("trigger.body.0", "zero"),
        ("trigger.body[0]", None),
        ("trigger.list[0].n", 1),
        ("trigger.list.0.n", 1),
        ("trigger.list.[0].n", 1),
        ("trigger.list[-1].n", 3),
        ("trigger.list[3]", None),
        ("trigger.list[-4]", None),
        ("trigger.list.n", None),
        ("trigger.list[*].m", 2),
        ("trigger.list[*].x", None),
        ("trigger.body.*", "web"),
        ("trigger.body.host[0]", None),
        ("trigger.null.a", None),
        ("trigger.body.host#2", "web"),
        ("trigger.body['a b']# again", 1),
        ("trigger.missing.deeper", None),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: Any) -> None:
    assert compile_path(path, roots=("trigger",)).find(PAYLOAD) == value


@pytest.mark.parametrize(
    "path",
    ["", "body.host", "triggers.a", "trigger.", "trigger..a", "trigger.a b", "trigger[a]", "trigger['a", "trigger[0",
     "trigger.a[1:2]", "trigger.a()", "trigger.5a", "item.a", "trigger" + ".a" * 100, "trigger." + "a" * 600,
     "trigger[99999999999]"],
)  # fmt: skip
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(BadPath):
        compile_path(path, roots=("trigger",))
