from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apps.core.redis import client
from apps.runner.control import RunControl
from apps.runner.warden_client import Warden
from apps.runtimes.detect import Installation
from apps.workers.capabilities import Capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from apps.workers.watchdog import Watchdog
from tests.redis_trouble import keep_redis_away

pytestmark = pytest.mark.usefixtures("fresh")

QUEUE = "run.default.shell"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scene:
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        capabilities = Capabilities("default", {"shell": [Installation("5", "/bin/bash")]})
        self.host = Host(1, "tom", Warden(silence_s=60), capabilities, "v", Path("/nonexistent"), Intake([QUEUE]))
        self.watchdog = Watchdog(self.host, slots=1, clock=self.clock)

    def after(self, seconds: float) -> bool:
        self.clock.now += seconds
        return self.watchdog.look()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_hints_that_lie_there_for_a_minute_beside_a_free_slot_mean_it_is_deaf(scene: Scene) -> None:
    client().lpush(QUEUE, "hint")
    assert [scene.after(5), scene.after(30), scene.after(29), scene.after(1)] == [False, False, False, True]


def test_a_hint_that_is_heard_begins_the_minute_anew(scene: Scene) -> None:
    client().lpush(QUEUE, "hint")
    scene.after(5)
    scene.after(50)
    scene.host.hints_heard += 1
    assert [scene.after(10), scene.after(50), scene.after(59), scene.after(1)] == [False, False, False, True]


def test_an_empty_queue_is_no_sign(scene: Scene) -> None:
    assert [scene.after(5), scene.after(600)] == [False, False]


def test_without_a_free_slot_nothing_need_be_heard(scene: Scene) -> None:
    client().lpush(QUEUE, "hint")
    with scene.host.running(7, RunControl()):
        assert [scene.after(5), scene.after(600)] == [False, False]


def test_who_takes_nothing_need_not_hear(scene: Scene) -> None:
    client().lpush(QUEUE, "hint")
    scene.host.intake.close()
    assert [scene.after(5), scene.after(600)] == [False, False]


def test_a_redis_that_is_away_is_no_fault_of_the_worker(scene: Scene) -> None:
    keep_redis_away()
    assert [scene.after(5), scene.after(600)] == [False, False]


def test_builds_that_fill_the_slots_are_no_deafness(scene: Scene) -> None:
    client().lpush(QUEUE, "hint")
    with scene.host.building(RunControl()):
        assert [scene.after(5), scene.after(600)] == [False, False]
