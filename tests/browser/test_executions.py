"""The list of executions in a browser: its chart, its filters, and rows that change under somebody's hands."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests.acceptance.attune import Attune
from tests.browser.chromium import Complaints

Look = Callable[[], None]
Shot = Callable[[str], None]
URL = "/admin/executions/"


@pytest.fixture(scope="module")
def ended(attune: Attune) -> list[int]:
    """Runs that succeeded, the last of them failed."""
    runs = [attune.run("core.echo", {"message": "hello"}, labels={"env": "test"})["id"] for _ in range(4)]
    return [*runs, attune.run("core.fail")["id"]]


def query_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def plotted(page: Page) -> FloatRect:
    """Where the chart lies, once it is drawn."""
    expect(page.locator("[data-words]")).not_to_be_empty()
    area = page.locator(".u-over").bounding_box()
    assert area is not None
    return area


def test_the_page_is_usable_by_everybody(page: Page, ended: list[int], axe: Look, fits: Look, screenshot: Shot) -> None:
    page.goto(URL)
    plotted(page)
    axe()
    fits()
    screenshot("executions")
    page.get_by_text("More filters").click()
    page.get_by_text("Export").click()
    axe()
    fits()


def test_the_chart_is_told_in_words(page: Page, ended: list[int]) -> None:
    page.goto(f"{URL}?label=env:test")
    expect(page.locator("[data-words]")).to_contain_text(
        re.compile(r"4 executions that started, .* UTC: 4 succeeded; half of them")
    )
    expect(page.get_by_role("img", name="4 executions")).to_be_visible()


def test_dragging_over_the_chart_narrows_the_list_to_that_time(page: Page, ended: list[int]) -> None:
    page.goto(f"{URL}?action=core.echo")
    area = plotted(page)
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + 1, middle)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] - 1, middle, steps=5)
    page.mouse.up()
    page.wait_for_url("**since=**")
    expect(page.locator(f"#open-{ended[0]}")).to_be_visible()
    assert set(query_of(page)) == {"action", "since", "until"}


def test_a_click_on_a_point_opens_its_execution(page: Page, ended: list[int]) -> None:
    page.goto(f"{URL}?q={ended[-1]}")
    area = plotted(page)
    tip = page.locator(".e-tip")
    # One point stands in the middle of its time; its height depends on how long it ran.
    for step in range(1, 20):
        page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] * step / 20)
        page.evaluate("new Promise(requestAnimationFrame)")
        if tip.is_visible():
            break
    expect(tip).to_contain_text("core.fail")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"**{URL}{ended[-1]}/")


def test_the_form_puts_into_the_address_what_was_filled_in_and_no_more(page: Page, ended: list[int]) -> None:
    page.goto(URL)
    page.get_by_label("Search").fill("core.")
    page.get_by_label("failed", exact=True).check()
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**status=failed**")
    assert query_of(page) == {"q": ["core."], "status": ["failed"]}
    expect(page.locator(f"#open-{ended[-1]}")).to_be_visible()
    expect(page.locator(f"#open-{ended[0]}")).to_have_count(0)
    page.get_by_role("link", name="Remove Status failed").click()
    expect(page.locator(f"#open-{ended[0]}")).to_be_visible()
    assert query_of(page) == {"q": ["core."]}


def test_a_wrong_filter_keeps_what_was_typed(page: Page, complaints: Complaints, axe: Look, fits: Look) -> None:
    page.goto(f"{URL}?since=24h")
    page.get_by_text("More filters").click()
    page.get_by_label("Gate").fill("front")
    page.get_by_role("button", name="Filter").click()
    field = page.get_by_label("Gate")
    expect(field).to_have_value("front")
    expect(field).to_have_accessible_description("A whole number is expected.")
    expect(page.get_by_label("Since (UTC)")).to_have_value("24h")
    axe()
    fits()
    complaints.forget("status of 400")


def test_actions_are_suggested_to_whom_comes_to_their_field(page: Page) -> None:
    page.goto(URL)
    expect(page.locator("datalist option")).to_have_count(0)
    page.get_by_label("Action", exact=True).focus()
    expect(page.locator("datalist option[value='core.echo']")).to_have_count(1)


def test_new_rows_come_by_themselves_and_take_away_neither_choice_nor_focus(
    page: Page, attune: Attune, ended: list[int]
) -> None:
    page.goto(URL)
    box = page.locator(f"#choose-{ended[0]}")
    box.check()
    box.focus()
    page.evaluate("window.stayed = true")
    fresh = attune.run("core.echo", {"message": "again"})["id"]
    row = page.locator("tr", has=page.locator(f"#open-{fresh}"))
    expect(row.get_by_text("succeeded")).to_be_visible()
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    expect(page.get_by_text("1 chosen:")).to_be_visible()
    assert page.evaluate("window.stayed") is True


def test_nothing_can_be_done_before_something_is_chosen(page: Page, ended: list[int]) -> None:
    page.goto(URL)
    button = page.get_by_role("button", name="Run again…")
    expect(button).to_be_disabled()
    page.get_by_label("Choose all on this page").check()
    expect(button).to_be_enabled()
    page.get_by_label("Choose all on this page").uncheck()
    expect(button).to_be_disabled()


def test_many_are_canceled_after_a_look_at_which(
    page: Page, attune: Attune, axe: Look, fits: Look, screenshot: Shot
) -> None:
    runs = [attune.request("core.sleep", {"seconds": 600})["id"] for _ in range(2)]
    for run in runs:
        attune.running(run)
    page.goto(f"{URL}?action=core.sleep")
    for run in runs:
        page.locator(f"#choose-{run}").check()
    page.get_by_role("button", name="Cancel…").click()
    axe()
    fits()
    screenshot("executions-cancel")
    page.get_by_role("button", name="Cancel 2 executions").click()
    expect(page.get_by_text("Canceled 2 executions.")).to_be_visible()
    assert query_of(page) == {"action": ["core.sleep"]}
    assert {attune.ended(run)["status"] for run in runs} == {"canceled"}


def test_all_that_fit_the_filters_are_run_again(page: Page, attune: Attune, ended: list[int]) -> None:
    page.goto(f"{URL}?q={ended[0]}")
    page.get_by_role("link", name="run again…").click()
    page.get_by_role("button", name="Run again 1 execution").click()
    expect(page.get_by_text("Asked anew for 1 execution.")).to_be_visible()
    page.goto(f"{URL}?rerun_of={ended[0]}")
    expect(page.locator("#rows tbody tr")).to_have_count(1)


def test_the_list_is_taken_away_as_a_file(page: Page, ended: list[int]) -> None:
    page.goto(f"{URL}?q={ended[-1]}")
    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert re.fullmatch(r"executions-[0-9]{8}-[0-9]{6}\.csv", download.value.suggested_filename)
    assert "core.fail" in download.value.path().read_text()
