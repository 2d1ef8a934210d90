from typing import Any

import pytest
from cronsim import CronSim, CronSimError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.triggers.timers.cron_fields import NAMES, NotCron, expression_of


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"hour": 3}, "0 3 * * *"),
        ({"hour": 3, "minute": 15}, "15 3 * * *"),
        ({"minute": "*/5"}, "*/5 * * * *"),
        ({"second": "*/10"}, "*/10 * * * * *"),
        ({"minute": 0, "second": 0}, "0 * * * *"),
        ({"day_of_week": 0, "hour": 2, "minute": 0, "second": 0}, "0 2 * * MON"),
        ({"day_of_week": "mon-fri"}, "0 0 * * MON,TUE,WED,THU,FRI"),
        ({"day_of_week": "*/2", "hour": 1}, "0 1 * * MON,WED,FRI,SUN"),
        ({"day_of_week": "5,6", "hour": 1}, "0 1 * * SAT,SUN"),
        ({"month": "jan,jul"}, "0 0 1 JAN,JUL *"),
        ({"day": "last", "hour": 5}, "0 5 L * *"),
        ({"day": "2nd mon"}, "0 0 * * MON#2"),
        ({"day": "last fri", "hour": 9}, "0 9 * * 5L"),
        ({"day": "1-15", "hour": "8, 20"}, "0 8,20 1-15 * *"),
        ({"year": "*", "week": "*", "hour": 3}, "0 3 * * *"),
    ],
)
def test_fields_become_an_expression(fields: dict[str, Any], expected: str) -> None:
    assert expression_of(fields) == expected
    CronSim(expected, timezone.now())


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"year": 2027}, "year"),
        ({"week": "1-10"}, "week"),
        ({"day": 1, "day_of_week": "mon"}, "day_of_week"),
        ({"day": "2nd mon", "day_of_week": "tue"}, "day_of_week"),
        ({"day": "2nd mon, 15"}, "day"),
        ({"day": "2nd xyz"}, "day"),
        ({"day_of_week": "someday"}, "day_of_week"),
        ({"day_of_week": 7}, "day_of_week"),
        ({"day_of_week": "fri-mon"}, "day_of_week"),
        ({"hour": "3 * *"}, "hour"),
        ({"hour": True}, "hour"),
        ({"minute": "mon"}, "minute"),
        ({"minute": ""}, "minute"),
        ({"minute": "1," * 60}, "minute"),
    ],
)
def test_what_cron_cannot_say_is_refused_with_its_field(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(NotCron) as raised:
        expression_of(fields)
    assert raised.value.field == wrong


@given(st.dictionaries(st.sampled_from(NAMES), st.text("0123456789*/-,monsatlu ²", max_size=8), min_size=1))
def test_whatever_the_fields_are_they_are_judged(fields: dict[str, str]) -> None:
    try:
        CronSim(expression_of(fields), timezone.now())
    except (NotCron, CronSimError):
        pass
