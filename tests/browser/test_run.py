"""Running an action from its form, and what comes after: the log as it is written, cancel, rerun with changes."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.attune import Attune
from tests.browser.chromium import Complaints
from tests.browser.conftest import PACKS

Look = Callable[[], None]
Shot = Callable[[str], None]
CANARY = "canary-7f3a9c"


@pytest.fixture(scope="module", autouse=True)
def faces(attune: Attune) -> None:
    assert attune.install(PACKS / "faces")["status"] == "succeeded"


def run_form(page: Page, action: str) -> None:
    page.goto(f"/admin/actions/{action}/run/")


def test_an_action_is_found_by_typing_and_run_from_its_form(
    page: Page, attune: Attune, axe: Look, fits: Look, screenshot: Shot
) -> None:
    page.goto("/admin/actions/")
    page.get_by_label("Search").fill("every kind")
    expect(page.get_by_role("status").filter(has_text="1 action found")).to_be_visible()
    expect(page).to_have_url("/admin/actions/?q=every%20kind&pack=&runtime=&enabled=")
    axe()
    fits()
    screenshot("actions")
    page.get_by_role("link", name="faces.every_field", exact=True).click()
    axe()
    fits()
    screenshot("action")
    page.get_by_role("link", name="Run", exact=True).click()
    axe()
    fits()
    screenshot("run")
    page.get_by_label("host").fill("web-1")
    page.get_by_label("count").fill("2")
    page.get_by_label("mode").select_option(label="fast")
    page.get_by_role("switch", name="dry_run").uncheck()
    page.get_by_label("password", exact=True).fill(CANARY)
    page.get_by_label("tags", exact=True).fill('["a", "b"]')
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("succeeded").first).to_be_visible()
    execution = attune.execution(int(page.url.split("/executions/")[1].strip("/")))
    given = {"host": "web-1", "count": 2, "mode": "fast", "dry_run": False, "tags": ["a", "b"], "region": "eu-west-1"}
    assert execution["result"] == {**given, "key_lines": 0}
    assert CANARY not in page.content()
    axe()
    fits()
    screenshot("execution")


def test_json_is_looked_at_while_it_is_typed_and_formatted(page: Page) -> None:
    run_form(page, "faces.every_field")
    options = page.get_by_label("options", exact=True)
    options.fill('{"a": 1,')
    expect(page.get_by_text("not JSON: line 1")).to_be_visible()
    options.fill('{"a": [1]}')
    page.get_by_role("button", name="Format options").click()
    expect(options).to_have_value('{\n  "a": [\n    1\n  ]\n}')


def test_a_mistake_is_told_at_its_field_and_reached_by_a_link(
    page: Page, complaints: Complaints, axe: Look, screenshot: Shot
) -> None:
    run_form(page, "faces.every_field")
    page.get_by_label("host").fill("NOT A HOST")
    page.get_by_label("password", exact=True).fill(CANARY)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was run yet")
    expect(page.locator("#p0-error")).to_contain_text("does not match")
    expect(page.get_by_text("Type it again")).to_be_visible()
    expect(page.get_by_label("password", exact=True)).to_have_value("")
    page.get_by_role("alert").get_by_role("link", name="host").click()
    expect(page.get_by_label("host")).to_be_focused()
    axe()
    screenshot("run-wrong")
    complaints.forget("status of 400")


def test_several_pasted_lines_stay_several_lines_in_a_secret(page: Page, attune: Attune) -> None:
    run_form(page, "faces.every_field")
    page.get_by_label("host").fill("web-1")
    page.get_by_label("password", exact=True).fill(CANARY)
    key = page.get_by_label("key", exact=True)
    key.evaluate(
        """element => {
            const data = new DataTransfer();
            data.setData("text", "first\\r\\nsecond\\nthird");
            element.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, cancelable: true, bubbles: true}));
        }"""
    )
    expect(key).to_have_value("first\nsecond\nthird")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("succeeded").first).to_be_visible()
    execution = attune.execution(int(page.url.split("/executions/")[1].strip("/")))
    assert execution["result"]["key_lines"] == 3


def test_a_run_is_watched_canceled_and_run_again_with_changes(page: Page, attune: Attune, screenshot: Shot) -> None:
    run_form(page, "faces.talk")
    page.get_by_label("lines").fill("10000")
    page.get_by_label("pause_s").fill("0.05")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("link", name="Log", exact=True).click()
    # Whichever comes into sight: one line by itself may be gone before the page is there.
    log = page.get_by_role("log")
    seen = log.get_by_text(re.compile(r"line \d{2,} of stdout")).first
    expect(seen).to_be_visible()
    screenshot("execution-log-live")
    expect(log.get_by_text(seen.inner_text(), exact=True)).to_have_count(0)  # later ones took its place
    expect(seen).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#part-title").get_by_text("canceled")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    page.get_by_role("link", name="Rerun with changes").click()
    expect(page.get_by_label("lines")).to_have_value("10000")
    page.get_by_label("lines").fill("3")
    page.get_by_label("pause_s").fill("0")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#part-title").get_by_text("succeeded")).to_be_visible()
    expect(page.locator("#part-state")).to_contain_text("again after")


def test_a_secret_is_kept_by_a_rerun_and_not_shown(page: Page, attune: Attune, axe: Look, fits: Look) -> None:
    old = attune.run("faces.every_field", {"host": "web-1", "password": CANARY, "key": "kept\nkey"})
    page.goto(f"/admin/executions/{old['id']}/rerun/")
    expect(page.get_by_text(f"Kept from execution {old['id']}").first).to_be_visible()
    assert CANARY not in page.content()
    axe()
    fits()
    page.get_by_label("host").fill("web-2")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#part-title").get_by_text("succeeded")).to_be_visible()
    new = attune.execution(int(page.url.split("/executions/")[1].strip("/")))
    assert (new["result"]["host"], new["result"]["key_lines"]) == ("web-2", 2)


def test_everything_works_by_keyboard_alone(page: Page, attune: Attune) -> None:
    run_form(page, "faces.talk")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.get_by_label("lines").evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.locator("#part-title").get_by_text("succeeded")).to_be_visible()
    link = page.get_by_role("link", name="Log", exact=True)
    for _ in range(40):
        page.keyboard.press("Tab")
        if link.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("line 3 of stdout")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("stdout")
    page.keyboard.press("Enter")
    expect(page.locator(".a-log-count")).to_have_text("1 of 4")
    page.keyboard.press("Escape")
    expect(page.get_by_role("log")).to_be_focused()
