"""What a conductor may be told."""

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize("threads", ["2", "0", "-1", "many", "2.5"])
def test_a_conductor_keeps_a_thread_that_no_operation_takes(threads: str) -> None:
    with pytest.raises(CommandError, match="a number from 3 on: operations may keep 2 busy for long"):
        call_command("run_conductor", f"--threads={threads}")
