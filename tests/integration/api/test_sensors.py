"""Sensors over REST: how they stand, what is asked of them, and who may."""

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from apps.runner.logfile import LogWriter
from apps.runner.loglayout import Stream
from apps.triggers.listening import set_listened, trigger_for
from apps.triggers.models import Sensor, SensorInstance
from apps.triggers.sensors.logs import LIMITS, log_folder
from tests.factories.sensors import make_sensor

URL = "/api/v1/sensors"


def test_sensors_are_listed_with_how_they_stand(owner: APIClient) -> None:
    make_sensor("fallen", state="backing_off", reason="it ended by itself with exit code 3", failures=4)
    make_sensor(events=7, refused=1)
    found = owner.get(URL).json()["results"]

    assert [(item["ref"], item["state"], item["events"]) for item in found] == [
        ("acme.disks", "running", 7),
        ("acme.fallen", "backing_off", 0),
    ]
    assert found[1]["reason"] == "it ended by itself with exit code 3"
    assert found[0]["host"] == "vm-1"
    assert [item["ref"] for item in owner.get(URL, {"q": "fall"}).json()["results"]] == ["acme.fallen"]


def test_one_that_nobody_runs_says_why(owner: APIClient) -> None:
    make_sensor("alone", held=False)
    make_sensor("quiet", held=False, on_demand=True)
    Sensor.objects.filter(pk=make_sensor("off", held=False).pk).update(enabled_override=False)
    told = {item["ref"]: (item["state"], item["reason"], item["host"]) for item in owner.get(URL).json()["results"]}

    assert told == {
        "acme.alone": ("no_place", "no process that runs sensors has taken it", None),
        "acme.quiet": ("stopped", "no rule listens to its triggers", None),
        "acme.off": ("stopped", "it is disabled", None),
    }
    trigger = trigger_for("acme.disk_full", {})
    with transaction.atomic():
        set_listened({trigger.pk: True})
    shown = owner.get(f"{URL}/acme.quiet").json()
    assert (shown["state"], shown["serves"], shown["on_demand"]) == ("no_place", 1, True)


def test_a_list_asks_the_same_however_many_do_not_run(owner: APIClient, django_assert_max_num_queries: Any) -> None:
    for number in range(8):
        make_sensor(f"quiet{number}", held=False, on_demand=True)
    with django_assert_max_num_queries(10):
        assert len(owner.get(URL).json()["results"]) == 8


def test_a_restart_is_asked_for_and_refused_where_nothing_is_to_run(administrator: APIClient) -> None:
    sensor = make_sensor()
    assert administrator.post(f"{URL}/acme.disks/restart").status_code == 202
    assert SensorInstance.objects.get(sensor=sensor).restarts_wanted == 1
    assert administrator.post(f"{URL}/acme.disks/restart", {"now": True}, format="json").status_code == 400

    disabled = administrator.post(f"{URL}/acme.disks/disable")
    assert (disabled.status_code, disabled.json()["enabled"]) == (200, False)
    refused = administrator.post(f"{URL}/acme.disks/restart")
    assert (refused.status_code, refused.json()["code"]) == (409, "sensor_not_wanted")
    assert administrator.post(f"{URL}/acme.disks/enable").json()["enabled"] is True


def test_a_stranger_sees_none_and_changes_none(stranger: APIClient) -> None:
    make_sensor()
    for verb in ("restart", "enable", "disable"):
        assert stranger.post(f"{URL}/acme.disks/{verb}").status_code == 401
    assert stranger.get(URL).status_code == 401


def test_logs_are_those_of_the_newest_process_or_the_one_that_is_named(
    owner: APIClient, settings: Any, tmp_path: Path
) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path
    sensor = make_sensor(starts=2)
    for start, text in ((1, b"first\n"), (2, b"second\n")):
        log = LogWriter(log_folder(sensor.pk, start), limits=LIMITS)
        log.write(Stream.STDERR, text)
        log.close()

    assert owner.get(f"{URL}/acme.disks/logs").content == b"second\n"
    assert owner.get(f"{URL}/acme.disks/logs", {"start": 1}).content == b"first\n"
    assert b"stderr second" in owner.get(f"{URL}/acme.disks/logs", {"times": "true"}).content
    assert owner.get(f"{URL}/acme.disks").json()["logs"] == [1, 2]
    for query in ({"start": 3}, {"start": "x"}, {"tail": 3}, {"follow": "maybe"}):
        assert owner.get(f"{URL}/acme.disks/logs", query).status_code == 400, query


@pytest.mark.parametrize("path", ["", "/logs"])
def test_one_that_there_is_not_is_unknown(owner: APIClient, path: str) -> None:
    found = owner.get(f"{URL}/acme.none{path}")
    assert (found.status_code, found.json()["code"]) == (404, "unknown_sensor")
