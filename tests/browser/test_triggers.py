"""Timers, webhooks and sensors, as an operator uses them."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.attune import Attune
from tests.browser.chromium import Complaints
from tests.factories.packs import write_pack

Well = Callable[..., None]

_SENSOR = """echo "watching" >&2
n=0
while sleep 1; do
  n=$((n + 1))
  echo "load 0.$n" >&2
  printf '{"trigger": "loads.high", "payload": {"load": %d}, "dedupe_key": "%d-%d"}\\n' "$n" "$$" "$n"
done
"""
_FILES = {
    "triggers/high.yaml": "name: high\npayload_schema: {type: object, properties: {load: {type: integer}}}\n",
    "sensors/watch.yaml": "name: watch\ndescription: Tells when the load is high.\nruntime: shell\n"
    "entry_point: watch.sh\ntriggers: [loads.high]\nevents: stdout\n",
    "sensors/watch.sh": _SENSOR,
    "sensors/broken.yaml": "name: broken\ndescription: Watches a disk that is not there.\nruntime: shell\n"
    "entry_point: broken.sh\ntriggers: [loads.high]\nevents: stdout\n",
    "sensors/broken.sh": "echo 'no such disk: /dev/sdz' >&2\nexit 3\n",
}


@pytest.fixture
def well(axe: Callable[[], None], fits: Callable[[], None], screenshot: Callable[[str], None]) -> Well:
    """Asserts that the page is usable by everybody and on a narrow screen; with a name, keeps a picture of it."""

    def look(name: str = "") -> None:
        axe()
        fits()
        if name:
            screenshot(name)

    return look


def make_rule(attune: Attune, name: str, trigger: str, parameters: dict[str, Any]) -> None:
    said = {"name": name, "trigger": {"type": trigger, "parameters": parameters}, "action": {"ref": "core.noop"}}
    answer = attune.client.post("/rules", json=said)
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module", autouse=True)
def rules(attune: Attune) -> None:
    make_rule(attune, "nightly_backup", "core.cron", {"expression": "30 2 * * *", "timezone": "Europe/Berlin"})
    make_rule(attune, "morning_report", "core.cron", {"expression": "0 9 * * mon-fri", "timezone": "Europe/Berlin"})
    make_rule(attune, "heartbeat", "core.interval", {"delta": 1, "unit": "seconds"})
    make_rule(attune, "new_century", "core.date", {"date": "2100-01-01T00:00:00Z"})


@pytest.fixture(scope="module")
def sensors(attune: Attune, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = write_pack(tmp_path_factory.mktemp("loads"), ref="loads", files=_FILES)
    assert attune.install(folder)["status"] == "succeeded"
    make_rule(attune, "on_high_load", "loads.high", {})


def test_times_are_seen_in_advance_and_a_timer_fires_pauses_and_resumes(
    page: Page, complaints: Complaints, well: Well
) -> None:
    page.goto("/admin/timers/")
    expect(page.get_by_role("row", name=re.compile("every second"))).not_to_contain_text("never")
    well("timers")
    page.get_by_role("link", name="See times in advance").click()
    page.get_by_label("Expression").fill("99 * * * *")
    page.get_by_role("button", name="Show times").click()
    expect(page.get_by_role("alert")).to_contain_text("its minute cannot be")
    complaints.forget("status of 400")
    well()
    page.get_by_label("Expression").fill("0 9 * * mon-fri")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Show times").click()
    expect(page.get_by_role("region", name="Times").locator("tbody tr")).to_have_count(10)
    well("timer-preview")
    page.goto("/admin/timers/")
    page.get_by_role("row", name=re.compile("every second")).get_by_role("link").first.click()
    last = page.get_by_role("region", name="Last times").locator("tbody tr")
    expect(last).to_have_count(10)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("paused")
    well()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("active")
    page.goto("/admin/timers/?status=active")
    page.get_by_role("row", name=re.compile("30 2")).get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Next times").locator("tbody tr")).to_have_count(10)
    well("timer")
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Next timers")).to_be_visible()


def test_a_webhook_is_made_posted_to_and_its_log_read(
    page: Page, attune: Attune, complaints: Complaints, well: Well
) -> None:
    page.goto("/admin/webhooks/")
    page.get_by_role("link", name="New webhook").click()
    page.get_by_label("Url").fill("build server")
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("alert")).to_contain_text("segments of letters")
    complaints.forget("status of 400")
    well()
    page.get_by_label("Url").fill("builds/finished")
    page.get_by_label("Description").fill("from the build server")
    page.get_by_role("button", name="Create webhook").click()
    secret = page.locator(".a-secret code").inner_text()
    assert re.fullmatch(r"whs_\w{40}", secret)
    expect(page.locator("#curl")).to_contain_text(secret)
    well()
    make_rule(attune, "on_build", "core.webhook", {"url": "builds/finished"})
    address = f"http://127.0.0.1:{attune.port}/api/v1/webhooks/builds/finished"
    given = {"X-Attune-Token": secret, "X-Attune-Delivery": "build-17"}
    assert httpx.post(address, json={"build": 17, "ok": True}, headers=given).status_code == 202
    assert httpx.post(address, json={"build": 17, "ok": True}, headers=given).status_code == 200
    assert httpx.post(address, json={}, headers={"X-Attune-Token": "wrong"}).status_code == 401
    page.goto("/admin/webhooks/")
    well("webhooks")
    page.get_by_role("link", name="builds/finished").click()
    rows = page.get_by_role("region", name="Deliveries").locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("wrong_token")
    assert secret not in page.content()
    well("webhook")
    assert httpx.post(address, json={}).status_code == 401
    expect(rows).to_have_count(4)
    page.get_by_role("link", name="accepted").click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Rotate").click()
    assert page.locator(".a-secret code").inner_text() != secret
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("disabled")


@pytest.mark.usefixtures("sensors")
def test_a_sensor_is_watched_restarted_and_switched_off(page: Page, well: Well) -> None:
    page.goto("/admin/sensors/?pack=loads")
    expect(page.get_by_role("row", name=re.compile("loads.broken"))).to_contain_text("backing_off")
    expect(page.get_by_role("row", name=re.compile("loads.watch"))).to_contain_text("running")
    well("sensors")
    page.get_by_role("link", name="loads.watch").click()
    log = page.locator("[data-log]")
    expect(log).to_contain_text("load 0.3")
    expect(log).to_have_attribute("data-state", "live")
    expect(page.locator("#part-figures")).to_contain_text(re.compile(r"[1-9]\d* ?events"))
    well("sensor")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Restart").click()
    expect(page.get_by_role("navigation", name="Processes")).to_be_visible()
    expect(log).to_have_attribute("data-log", re.compile("start=2"))
    expect(log).to_contain_text("load 0.1")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("stopped")
    expect(log).to_have_attribute("data-state", "over")
    page.goto("/admin/sensors/loads.broken/")
    expect(page.locator("#part-figures")).to_contain_text("no such disk")
    well("sensor-broken")


@pytest.mark.parametrize(
    "address",
    [
        "timers/?status=paused",
        "timers/preview/?trigger=core.interval",
        "webhooks/?q=nothing-like-it",
        "sensors/?q=none",
    ],
)
def test_a_page_is_usable_by_everybody(page: Page, well: Well, address: str) -> None:
    page.goto(f"/admin/{address}")
    well()
