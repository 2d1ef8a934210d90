"""How what happened is told to the rest of Attune."""

import pytest

from apps.core.signals import happened
from apps.executions import outbox
from tests.asking import ask
from tests.conftest import messages_in
from tests.factories import make_worker
from tests.people import People
from tests.running import claimed, end
from tests.threads import race

CONTROL = "control"


def test_what_happens_while_a_conductor_announces_is_announced_without_another_hint(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_FLAG_S", 600)  # longer than it takes on a busy machine
    (execution,) = ask(people)
    outbox.hint()
    worker = make_worker()
    heard: list[str] = []

    def run_it_meanwhile(*, payload: dict[str, str], **_: object) -> None:
        heard.append(payload["status"])
        if payload["status"] == "scheduled":
            race(1, lambda _: end(claimed(execution, worker)))

    happened.connect(run_it_meanwhile)
    try:
        assert outbox.announce_until_quiet() == 3
    finally:
        happened.disconnect(run_it_meanwhile)
    assert heard == ["scheduled", "running", "succeeded"]
    assert messages_in(CONTROL) == 1


def test_a_quiet_conductor_is_hinted_again(people: People) -> None:
    ask(people)
    outbox.hint()
    outbox.announce_until_quiet()
    outbox.hint()
    assert messages_in(CONTROL) == 2
