"""`attune rule`"""

import pytest

from tests.integration.cli import recorded
from tests.integration.cli.canned import Canned
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
