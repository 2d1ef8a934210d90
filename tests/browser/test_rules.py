"""Rules, events and traces, as an operator uses them: a rule is built, tried, and asked why it did not run."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.attune import Attune
from tests.factories.packs import write_pack
from tests.waiting import wait_for

Well = Callable[..., None]

_FILES = {
    "triggers/disk_full.yaml": (
        "name: disk_full\ndescription: A disk is nearly full.\n"
        "payload_schema:\n  type: object\n"
        "  properties: {host: {type: string}, used: {type: number}, mount: {type: string}}\n"
    ),
    "actions/clean.yaml": (
        "name: clean\nruntime: shell\nentry_point: clean.sh\n"
        "parameters:\n  host: {type: string, required: true, description: Where to clean up.}\n"
        "  days: {type: integer, default: 7, description: How old what goes must be.}\n"
    ),
    "actions/clean.sh": "echo cleaned\n",
}


@pytest.fixture
def well(page: Page, axe: Callable[[], None], fits: Callable[[], None], screenshot: Callable[[str], None]) -> Well:
    """Asserts that the page is usable by everybody and on a narrow screen; with a name, keeps a picture of it, from the
    element `at` on."""

    def look(name: str = "", *, at: str = "") -> None:
        axe()
        fits()
        if at:
            page.locator(at).evaluate("element => element.scrollIntoView()")
        if name:
            screenshot(name)

    return look


@pytest.fixture(scope="module")
def disks(attune: Attune, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write_pack(tmp_path_factory.mktemp("disks"), ref="disks", files=_FILES)
    assert attune.install(folder)["status"] == "succeeded"
    return "disks"


def send(attune: Attune, payload: dict[str, Any]) -> int:
    """An event that is processed."""
    answer = attune.client.post("/events", json={"type": "disks.disk_full", "payload": payload})
    assert answer.status_code == 201, answer.text
    number = int(answer.json()["id"])
    wait_for(lambda: attune.client.get(f"/events/{number}").json()["processed_at"], what="the event to be processed")
    return number


@pytest.fixture(scope="module")
def chain(attune: Attune, disks: str) -> int:
    """An event whose rule runs an action, whose end is an event again."""
    rules = [
        {"name": "clean_web", "description": "Cleans up on web servers when a disk is nearly full.",
         "trigger": {"type": "disks.disk_full"},
         "criteria": {"trigger.host": {"type": "startswith", "pattern": "web"},
                      "any": {"trigger.used": {"type": "greaterthan", "pattern": 0.9},
                              "trigger.mount": {"type": "equals", "pattern": "/var"}}},
         "action": {"ref": "disks.clean", "parameters": {"host": "{{ trigger.host }}", "days": 3}}},
        {"name": "tell_databases", "trigger": {"type": "disks.disk_full"},
         "criteria": {"trigger.host": {"type": "startswith", "pattern": "db"}}, "action": {"ref": "core.noop"}},
        {"name": "after_cleaning", "trigger": {"type": "core.execution_finished"},
         "criteria": {"trigger.action": {"type": "equals", "pattern": "disks.clean"}}, "action": {"ref": "core.noop"}},
    ]  # fmt: skip
    for rule in rules:
        answer = attune.client.post("/rules", json={"pack": disks, **rule})
        assert answer.status_code == 201, answer.text
    send(attune, {"host": "web7", "used": 0.4, "mount": "/home"})
    number = send(attune, {"host": "web1", "used": 0.97, "mount": "/"})

    def is_whole() -> bool:
        trace_id = attune.client.get(f"/events/{number}").json()["trace_id"]
        trace = attune.client.get(f"/traces/{trace_id}").json()
        return len(trace["executions"]) >= 2 and all(row["status"] == "succeeded" for row in trace["executions"])

    wait_for(is_whole, what="the whole trace")
    return number


def test_a_rule_is_built_tried_and_made(page: Page, attune: Attune, chain: int, well: Well) -> None:
    page.goto("/admin/rules/")
    page.get_by_role("link", name="New rule").click()
    well()
    page.get_by_label("Name", exact=True).fill("clean_many")
    page.get_by_label("Trigger").fill("disks.disk_full")
    page.get_by_label("Trigger").blur()
    expect(page.get_by_text("A disk is nearly full.")).to_be_visible()
    page.locator("#criteria [data-add=criterion]").last.click()
    page.locator("[name='c.path']").fill("trigger.host")
    page.get_by_label("Operator").select_option("inside")
    page.get_by_label("Pattern").fill('["web1", "web2"]')
    page.locator("#criteria > .r-adding [data-add=group]").click()
    group = page.locator("fieldset.r-group")
    group.locator("[name='c.path']").fill("trigger.used")
    group.get_by_label("Operator").select_option("greaterthan")
    group.get_by_label("Pattern").fill("0.5")
    group.get_by_role("button", name="Criterion", exact=True).click()
    group.locator("[name='c.path']").last.fill("trigger.mount")
    group.get_by_label("Operator").last.select_option("exists")
    expect(group.get_by_label("Pattern").last).to_be_hidden()
    page.get_by_label("Action").fill("disks.clean")
    page.get_by_label("Action").blur()
    page.get_by_label("host").fill("{{ trigger.host }}")
    page.get_by_label("A past event").fill(str(chain))
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#trial")).to_contain_text("matched")
    expect(page.locator("#trial")).to_contain_text('"host": "web1"')
    well("rule-form", at="#when-title")
    page.get_by_role("button", name="As JSON").click()
    expect(page.get_by_label("Criteria as JSON")).to_have_value(re.compile('"trigger.used"'))
    page.get_by_role("button", name="As rows").click()
    expect(page.locator("[name='c.path']")).to_have_count(3)
    page.get_by_role("button", name="Create rule").click()
    expect(page.locator("#messages")).to_contain_text("clean_many listens from now on.")
    expect(page.get_by_text("any of these")).to_be_visible()
    said = attune.client.get("/rules/clean_many").json()["criteria"]
    assert said == {
        "trigger.host": {"type": "inside", "pattern": ["web1", "web2"]},
        "any": {"trigger.used": {"type": "greaterthan", "pattern": 0.5}, "trigger.mount": {"type": "exists"}},
    }
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#messages")).to_contain_text("clean_many is deleted")


def test_what_is_wrong_in_a_rule_is_told_at_its_row(page: Page, disks: str, well: Well, complaints: Any) -> None:
    page.goto("/admin/rules/form/new/?trigger=disks.disk_full&action=disks.clean")
    page.get_by_label("Name", exact=True).fill("wrong")
    page.get_by_role("button", name="Criterion", exact=True).click()
    page.locator("[name='c.path']").fill("trigger.host")
    page.get_by_label("Operator").select_option("regex")
    page.get_by_label("Pattern").fill("(a{1000}){1000}")
    page.get_by_label("host").fill("{% for a in range(9) %}{{ a }}{% endfor %}")
    page.get_by_role("button", name="Create rule").click()
    expect(page.locator(".r-criterion .a-field-error")).to_contain_text("pattern: ")
    expect(page.locator("#a0-error")).not_to_be_empty()
    complaints.forget("status of 400")
    well("rule-form-wrong", at="#when-title")


def test_a_rule_says_why_it_did_not_run(page: Page, chain: int, well: Well) -> None:
    page.goto("/admin/rules/")
    well("rules")
    page.get_by_role("link", name="disks.clean_web").click()
    met = page.get_by_role("region", name="What it said of them")
    expect(met).to_contain_text("0.4 is not greater than 0.9")
    number = met.get_by_role("link").filter(has_text=re.compile(r"^\d+$")).last.inner_text()
    page.get_by_label("A past event").fill(number)
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#trial")).to_contain_text("no match")
    expect(page.locator("#trial")).to_contain_text("wanted")
    page.get_by_label("A past event").fill(str(chain))
    page.get_by_label("A past event").press("Enter")
    expect(page.locator("#trial")).to_contain_text("was started")
    page.get_by_label("A past event").fill(number)
    page.get_by_role("button", name="Test").click()
    expect(page.locator("#trial")).to_contain_text("no match")
    well("rule")
    page.get_by_role("button", name="Disable").click()
    expect(page.locator("#messages")).to_contain_text("rests")
    page.get_by_role("button", name="Enable").click()
    expect(page.locator("#messages")).to_contain_text("listens from now on")


def test_an_event_shows_every_verdict_and_its_trace_is_a_picture(page: Page, chain: int, well: Well) -> None:
    page.goto("/admin/events/?type=disks.disk_full")
    well("events")
    page.get_by_role("link", name=str(chain), exact=True).click()
    expect(page.locator("#part-verdicts")).to_contain_text('"web1" does not start with "db"')
    well("event")
    page.get_by_role("link", name="disks.tell_databases").first.click()
    expect(page.locator("#trial")).to_contain_text("no match")
    page.go_back()
    page.get_by_role("link", name="Trace", exact=True).click()
    expect(page.locator(".r-picture .r-node")).to_have_count(7)
    well("trace")
    page.locator(".r-picture .r-node-execution").first.click()
    expect(page.get_by_role("heading", name="Why it ran")).to_be_visible()
    expect(page.get_by_role("link", name=f"event {chain}")).to_be_visible()
    well()


def test_an_event_is_sent_once_more(page: Page, chain: int) -> None:
    page.goto(f"/admin/events/{chain}/")
    page.locator("summary").filter(has_text="Replay").click()
    page.get_by_label("Only to this rule").fill("disks.tell_databases")
    page.get_by_role("button", name="Send it once more").click()
    expect(page.locator("#messages")).to_contain_text("to disks.tell_databases alone")
    expect(page.locator("#part-facts")).to_contain_text(f"event {chain}")
