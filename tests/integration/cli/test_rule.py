"""`attune rule`"""

import pytest

from tests.integration.cli import recorded
from tests.integration.cli.canned import Canned, page
from tests.integration.cli.conftest import Attune

RULE = "/api/v1/rules/web.restart"
EVERY_HOUR = {"type": "core.interval", "parameters": {"delta": 1, "unit": "hours"}}


@pytest.mark.parametrize(
    ("options", "trigger"),
    [
        (("--trigger", "core.alert"), {"type": "core.alert"}),
        (("--trigger", "core.interval"), EVERY_HOUR),
        (("--trigger-parameters", '{"delta": 5}'), {"type": "core.interval", "parameters": {"delta": 5}}),
    ],
)
def test_another_trigger_does_not_take_over_the_parameters_of_the_one_before(
    attune: Attune, canned: Canned, options: tuple[str, ...], trigger: object
) -> None:
    rule = recorded.rule(trigger=EVERY_HOUR)
    canned.on("GET", RULE, rule)
    canned.on("PATCH", RULE, rule)
    attune("rule", "update", "web.restart", *options)
    assert canned.bodies("PATCH", RULE) == [{"trigger": trigger}]


@pytest.mark.parametrize(
    ("line", "address", "query"),
    [
        ("rule list --owner ann --disabled", "rules", {"owner": ["ann"], "enabled": ["false"]}),
        ("rule list -l team=web -l tier=1", "rules", {"label": ["team:web", "tier:1"]}),
        ("event list --trace 1f02e63a --until 2026-11-20T10:00Z", "events",
         {"trace_id": ["1f02e63a"], "until": ["2026-11-20T10:00:00Z"]}),
        ("webhook deliveries push --reason no_secret --delivery d-1", "webhooks/push/deliveries",
         {"reason": ["no_secret"], "delivery": ["d-1"]}),
    ],
)  # fmt: skip
def test_lists_are_narrowed_as_over_rest(
    attune: Attune, canned: Canned, line: str, address: str, query: dict[str, list[str]]
) -> None:
    canned.on("GET", f"/api/v1/{address}", page())
    attune(*line.split())
    [asked] = canned.asked
    assert {name: asked.query.get(name) for name in query} == query
