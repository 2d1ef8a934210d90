"""The preparation's answer, from real commands."""

import os
import signal
import threading
from collections.abc import Iterator
from unittest import mock

import pytest

from apps.standalone.errors import StartFailedError, StopRequestedError
from apps.standalone.prepare import Prepared, prepare
from apps.standalone.stop_requests import StopRequests

ANSWER = '{"username": "admin", "password": null, "token": "att_1_x", "packs": ["core 1.0.0"]}'


@pytest.fixture
def requests() -> Iterator[StopRequests]:
    with StopRequests() as entered:
        yield entered


def run(script: str, requests: StopRequests, *, new_token: bool = False) -> Prepared:
    with mock.patch("apps.standalone.prepare.COMMAND", ("-c", script)):
        return prepare(os.environ, requests=requests, new_token=new_token)


def test_the_answer_is_read_and_progress_is_left_to_the_terminal(
    requests: StopRequests, capfd: pytest.CaptureFixture[str]
) -> None:
    prepared = run(f"import sys; print('migrating', file=sys.stderr); print('''{ANSWER}''')", requests)
    assert prepared == Prepared("admin", None, "att_1_x", ("core 1.0.0",))
    assert capfd.readouterr().err == "migrating\n"


def test_a_token_is_asked_for_where_none_is_known(requests: StopRequests) -> None:
    script = f"import sys; assert sys.argv[1:] == ['--new-cli-token']; print('''{ANSWER}''')"
    assert run(script, requests, new_token=True).token == "att_1_x"


def test_a_failure_is_a_failed_start(requests: StopRequests) -> None:
    with pytest.raises(StartFailedError, match="could not be prepared"):
        run("raise SystemExit(3)", requests)


@pytest.mark.parametrize("answer", ["", "[]", '{"username": "admin"}', "password: 12345"])
def test_an_answer_that_is_not_the_agreed_one_is_refused_without_showing_it(
    requests: StopRequests, answer: str
) -> None:
    with pytest.raises(StartFailedError, match="did not answer as agreed") as caught:
        run(f"print('''{answer}''')", requests)
    assert "12345" not in str(caught.value)


def test_a_stop_asked_for_meanwhile_ends_it(requests: StopRequests) -> None:
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(StopRequestedError):
        run("import time; time.sleep(600)", requests)
