"""What the author of a sensor's file is told."""

from pathlib import Path
from typing import Any

import pytest

from apps.packs.loader import PackInvalid
from apps.packs.services.install import install_pack
from apps.triggers.models import Sensor
from apps.triggers.sensors.definition import SensorDefinition
from tests.factories import make_runtimes, write_pack

GOOD = "name: watch\nentry_point: watch.sh\ntriggers: [demo.seen]\n"


@pytest.fixture(autouse=True)
def place(db: None, settings: Any, tmp_path: Path) -> None:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    make_runtimes("shell", "native")


def install(folder: Path, text: str, **more: str) -> None:
    files = {"sensors/watch.yaml": text, "sensors/watch.sh": "sleep 1\n", **more}
    install_pack(write_pack(folder, ref="demo", files=files), identity=None, force=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: watch\nentry_point: watch.sh\n", "triggers"),
        (GOOD + "trigger: x\n", "4: "),
        (GOOD.replace("watch.sh", "gone.sh"), "2: sensors/gone.sh is not in the pack"),
        (GOOD.replace("watch.sh", "../../etc/x.sh"), "2: ../../etc/x.sh leaves the folder sensors/"),
        (GOOD + "runtime: cobol\n", "4: there is no runtime cobol"),
        (GOOD + "events: stderr\n", "4: events"),
        (GOOD + "poll_interval_s: 0\n", "4: poll_interval_s"),
        (GOOD + "poll_interval_s: 5\nacknowledge: true\n", "5: a program that runs once"),
        (GOOD + "poll_timeout_s: 5\n", "4: a program that goes on"),
        (GOOD + "env: {LD_PRELOAD: x}\n", "4: env: LD_PRELOAD cannot be set by a sensor"),
        (GOOD.replace("[demo.seen]", "[]"), "3: triggers"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(PackInvalid) as caught:
        install(tmp_path / "demo", text)
    messages = [f"{error.line}: {error.detail}" for error in caught.value.errors]  # type: ignore[union-attr]
    assert any(told in message for message in messages), messages
    assert not Sensor.objects.exists()


def test_a_sensor_takes_its_runtime_from_its_first_line_where_its_name_does_not_say(tmp_path: Path) -> None:
    text = GOOD.replace("watch.sh", "watch")
    install(tmp_path / "demo", text, **{"sensors/watch": "#!/usr/bin/env bash\nsleep 1\n"})
    assert Sensor.objects.get().definition["runtime"] == "shell"


def test_a_program_that_is_started_itself_has_to_be_executable(tmp_path: Path) -> None:
    with pytest.raises(PackInvalid) as caught:
        install(tmp_path / "demo", GOOD + "runtime: native\n")
    assert "sensors/watch.sh cannot be executed" in str(caught.value.errors)


def test_a_sensor_takes_its_runtime_from_its_ending_and_keeps_the_operators_word(tmp_path: Path) -> None:
    install(tmp_path / "demo", GOOD + "enabled: false\n")
    sensor = Sensor.objects.get()
    assert (sensor.ref, sensor.definition["runtime"], sensor.is_enabled) == ("demo.watch", "shell", False)
    Sensor.objects.update(enabled_override=True)
    install(tmp_path / "demo", GOOD + "enabled: false\ndescription: anew\n")
    sensor.refresh_from_db()
    assert (sensor.description, sensor.is_enabled) == ("anew", True)


def test_one_that_is_no_longer_in_its_pack_keeps_its_row_and_may_come_back(tmp_path: Path) -> None:
    install(tmp_path / "demo", GOOD)
    write_pack(tmp_path / "empty", ref="demo", files={"README.md": "nothing"})
    install_pack(tmp_path / "empty", identity=None, force=True)
    assert Sensor.objects.get().is_removed
    install(tmp_path / "demo", GOOD)
    assert not Sensor.objects.get().is_removed


def test_what_is_kept_says_no_more_of_polls_than_the_file(tmp_path: Path) -> None:
    """Attune before `poll_timeout_s` reads it, beside this one and after a way back."""
    install(tmp_path / "demo", GOOD + "poll_interval_s: 700\n")
    kept = Sensor.objects.get().definition
    assert "poll_timeout_s" not in kept
    assert SensorDefinition.from_json(kept).poll_timeout_s == 700
    install(tmp_path / "demo", GOOD + "poll_interval_s: 700\npoll_timeout_s: 5\n")
    assert SensorDefinition.from_json(Sensor.objects.get().definition).poll_timeout_s == 5
