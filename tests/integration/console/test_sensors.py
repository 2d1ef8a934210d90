"""Sensors: how they stand, what they tell, and what operators ask of them."""

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from apps.packs.models import Pack
from apps.runner.logfile import LogWriter
from apps.runner.loglayout import Stream
from apps.triggers.listening import set_listened, trigger_for
from apps.triggers.models import Sensor, SensorInstance, TriggerType
from apps.triggers.sensors.logs import LIMITS, log_folder
from tests.factories.sensors import make_sensor
from tests.integration.console.conftest import Visit
from tests.integration.console.looking import MOST_STATEMENTS, look, statements_of
from tests.people import People, make_identity

LIST = "/admin/sensors/"
PAGE = f"{LIST}acme.disks/"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def administrator(people: People, visit: Visit) -> Client:
    return visit(people.administrator)


def serve(count: int = 1) -> None:
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    TriggerType.objects.filter(ref="acme.disk_full").update(parameters_schema=schema)
    triggers = [trigger_for("acme.disk_full", {"path": f"/srv/{number}"}) for number in range(count)]
    with transaction.atomic():
        set_listened({trigger.pk: True for trigger in triggers})


def test_sensors_are_listed_with_state_and_reason(administrator: Client) -> None:
    make_sensor("alone", held=False)
    make_sensor("fallen", state="backing_off", reason=f"it ended with exit code 3 {EVIL}", failures=4, refused=2)
    make_sensor("quiet", held=False, on_demand=True)
    Sensor.objects.filter(pk=make_sensor("off", held=False).pk).update(enabled_override=False)
    make_sensor(events=1234)
    text = look(administrator, LIST)
    for told in (
        "no process that runs sensors has taken it", "it ended with exit code 3", "no rule listens to its triggers",
        "it is disabled", "1,234", "vm-1",
    ):  # fmt: skip
        assert told in text
    assert EVIL not in text
    assert "acme.fallen" not in look(administrator, f"{LIST}?q=alon")
    assert "No sensor fits" in look(administrator, f"{LIST}?pack=other")
    assert "No sensor fits" in look(administrator, f"{LIST}?q=%25%5F")


def test_pages_of_sensors_ask_the_same_however_many_there_are(administrator: Client) -> None:
    make_sensor()
    serve()
    before, before_page = statements_of(administrator, LIST), statements_of(administrator, PAGE)
    for number in range(4):
        make_sensor(f"quiet{number}", held=False, on_demand=True)
        Sensor.objects.filter(pk=make_sensor(f"off{number}", held=False).pk).update(enabled_override=False)
    serve(60)
    assert statements_of(administrator, LIST) == before <= MOST_STATEMENTS
    assert statements_of(administrator, PAGE) == before_page <= MOST_STATEMENTS
    assert "and 10 more" in look(administrator, PAGE)


def test_a_pack_that_is_disabled_is_the_reason_of_its_sensors(administrator: Client) -> None:
    make_sensor(held=False)
    Pack.objects.update(is_enabled=False)
    assert "its pack is disabled" in look(administrator, LIST)
    assert "its pack is disabled" in look(administrator, PAGE)
    Pack.objects.all().delete()
    assert "it is no longer in its pack" in look(administrator, PAGE)


def test_a_page_tells_everything_about_one(administrator: Client) -> None:
    make_sensor(
        state="backing_off", reason="it ended by itself with exit code 3", starts=7, failures=3, events=12, refused=2,
        last_refusal=f"line 4 is no JSON: {EVIL}", stderr_tail=f"Traceback {EVIL}",
    )  # fmt: skip
    serve()
    text = look(administrator, PAGE)
    for told in ("exit code 3", "vm-1", "line 4 is no JSON", "Traceback", "path=/srv/0", "a.sh", "acme.disk_full"):
        assert told in text
    assert EVIL not in text
    assert "/api/v1/sensors/acme.disks/logs?start=7" in text


def test_a_page_tells_how_long_a_poll_may_take_also_where_its_file_does_not(administrator: Client) -> None:
    make_sensor(poll_interval_s=60)
    assert "every 1 min, for at most 10 min" in look(administrator, PAGE)


def test_its_log_is_that_of_the_newest_process_or_the_one_asked_for(
    administrator: Client, settings: Any, tmp_path: Path
) -> None:
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path
    sensor = make_sensor(starts=0)
    assert "It was never started" in look(administrator, PAGE)
    SensorInstance.objects.update(starts=3)
    for number in (2, 3):
        writer = LogWriter(log_folder(sensor.pk, number), limits=LIMITS)
        writer.write(Stream.STDERR, b"hello\n")
        writer.close()
    text = look(administrator, PAGE)
    assert "logs?start=3" in text
    assert "?start=2#log" in text
    assert "logs?start=2" in look(administrator, f"{PAGE}?start=2")
    for odd in ("0", "4", "-1", "x", "٣", "9" * 30, "%00"):
        assert "logs?start=3" in look(administrator, f"{PAGE}?start={odd}")


def test_one_is_restarted_switched_off_and_on(administrator: Client) -> None:
    make_sensor()
    assert "started anew" in administrator.post(PAGE, {"deed": "restart"}, follow=True).content.decode()
    assert SensorInstance.objects.get().restarts_wanted == 1
    assert "switched off" in administrator.post(PAGE, {"deed": "disable"}, follow=True).content.decode()
    assert Sensor.objects.get().enabled_override is False
    refused = administrator.post(PAGE, {"deed": "restart"}, headers={"referer": PAGE}, follow=True)
    assert "it is disabled" in refused.content.decode()
    assert SensorInstance.objects.get().restarts_wanted == 1
    assert "may run" in administrator.post(PAGE, {"deed": "enable"}, follow=True).content.decode()
    strange = administrator.post(PAGE, {"deed": "explode"}, headers={"referer": PAGE}, follow=True)
    assert "Say what is to be done" in strange.content.decode()


def test_one_that_is_removed_is_still_shown_but_not_acted_on(administrator: Client) -> None:
    make_sensor(held=False)
    Sensor.objects.update(is_removed=True)
    text = look(administrator, PAGE)
    assert "it is no longer in its pack" in text
    assert 'name="deed"' not in text
    assert "There is no sensor" in look(administrator, LIST)


def test_only_those_who_may_see_and_manage_sensors(people: People, visit: Visit) -> None:
    make_sensor()
    viewer = visit(make_identity("viewer", role="looks", grants=("sensor.view",)))
    assert 'name="deed"' not in look(viewer, PAGE)
    for deed in ("restart", "disable"):
        viewer.post(PAGE, {"deed": deed})
        assert Client().post(PAGE, {"deed": deed}).headers["Location"].startswith("/admin/login/")
    elsewhere = visit(make_identity("far", role="far", grants=("sensor.*@pack:demo",)))
    look(elsewhere, PAGE, status=404)
    elsewhere.post(PAGE, {"deed": "disable"})
    assert "There is no sensor. Packs bring them" in look(elsewhere, LIST)
    look(visit(make_identity("nobody", role="bare", grants=("pack.view",))), LIST, status=403)
    assert Sensor.objects.get().enabled_override is None
    assert SensorInstance.objects.get().restarts_wanted == 0
