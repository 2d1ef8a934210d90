from pathlib import Path
from typing import Any

import pytest

from apps.runner.spec import Limits, LogLimits, RunAs, RunSpec


def spec(**changes: Any) -> RunSpec:
    return RunSpec(**{"name": "1-1", "argv": ("/bin/true",), "env": {}, "work_root": Path("/tmp"), **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "../x"}, "named"),
        ({"name": ""}, "named"),
        ({"argv": ()}, "absolute"),
        ({"argv": ("true",)}, "absolute"),
        ({"argv": ("/bin/echo", "a\0b")}, "NUL"),
        ({"env": {"A": "\0"}}, "NUL"),
        ({"env": {"A=B": "1"}}, "environment variable"),
        ({"env": {"": "1"}}, "environment variable"),
        ({"work_root": Path("relative")}, "absolute"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"grace_s": -1.0}, "grace_s"),
        ({"limits": Limits(processes=5)}, "run_as"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        spec(**changes)


def test_a_limit_of_processes_goes_with_a_user_of_its_own() -> None:
    assert spec(limits=Limits(processes=5), run_as=RunAs(uid=1, gid=1)).limits.processes == 5


def test_what_may_be_secret_is_not_in_the_representation() -> None:
    shown = repr(spec(stdin=b"hunter2", side_input=b"hunter2", input_file=b"hunter2", secrets=(b"hunter2",)))

    assert "hunter2" not in shown


def test_log_limits_must_fit_together() -> None:
    with pytest.raises(ValueError, match="fit together"):
        LogLimits(part_bytes=10, tail_bytes=5)
