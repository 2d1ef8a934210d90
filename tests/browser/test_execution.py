"""The page of an execution: up to date in place, with nothing of an action's doing in its markup."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.attune import Attune
from tests.browser.conftest import PACKS

Look = Callable[[], None]
Shot = Callable[[str], None]


@pytest.fixture(scope="module", autouse=True)
def faces(attune: Attune) -> None:
    assert attune.install(PACKS / "faces")["status"] == "succeeded"


def open_execution(page: Page, execution_id: int, tab: str = "overview") -> None:
    page.goto(f"/admin/executions/{execution_id}/?tab={tab}")


def test_a_result_is_a_tree_that_opens_and_never_markup(page: Page, attune: Attune, axe: Look, fits: Look) -> None:
    open_execution(page, attune.run("faces.hostile")["id"])
    tree = page.locator("#result")
    expect(tree.get_by_text("<img src=x onerror=\"document.title='bad'\">: ")).to_have_count(0)
    expect(tree.locator("img")).to_have_count(0)
    tree.get_by_text("deep", exact=True).click()
    tree.get_by_text("deeper", exact=True).click()
    # Larger than JavaScript can count, and still exact.
    expect(tree.get_by_text("9007199254740993", exact=True)).to_be_visible()
    tree.get_by_text("many", exact=True).click()
    tree.get_by_text("400 … 449").click()
    expect(tree.get_by_text("449", exact=True).first).to_be_visible()
    assert "bad" not in page.title()
    axe()
    fits()


def test_an_error_shows_its_text_and_folds_its_traceback(
    page: Page, attune: Attune, axe: Look, fits: Look, screenshot: Shot
) -> None:
    open_execution(page, attune.run("faces.hostile", {"fails": True})["id"])
    expect(page.get_by_role("heading", name="ValueError")).to_be_visible()
    expect(page.get_by_text("hostile.py")).to_be_hidden()
    page.get_by_text("Traceback", exact=True).click()
    expect(page.get_by_text("hostile.py")).to_be_visible()
    assert "bad" not in page.title()
    axe()
    fits()
    screenshot("execution-failed")


@pytest.mark.parametrize("tab", ["attempts", "children", "artifacts"])
def test_the_other_tabs_are_usable_by_everybody(page: Page, attune: Attune, axe: Look, fits: Look, tab: str) -> None:
    action = "faces.hostile" if tab == "artifacts" else "faces.flaky"
    open_execution(page, attune.run(action)["id"], tab)
    axe()
    fits()


def test_an_artifact_is_downloaded_as_it_is(page: Page, attune: Attune) -> None:
    open_execution(page, attune.run("faces.hostile")["id"], "artifacts")
    with page.expect_download() as download:
        page.get_by_role("link", name="<img src=x onerror=alert(1)>.txt").click()
    assert download.value.path().read_text() == "x"


def test_each_attempt_has_its_log(page: Page, attune: Attune) -> None:
    open_execution(page, attune.run("faces.flaky")["id"], "attempts")
    page.get_by_role("link", name="Log of attempt 2").click()
    expect(page.get_by_text("this is attempt 2")).to_be_visible()
    page.get_by_role("navigation", name="Attempts").get_by_role("link", name="1").click()
    expect(page.get_by_text("this is attempt 1")).to_be_visible()


def test_waiting_tells_its_place_and_moves_on_without_closing_anything(
    page: Page, attune: Attune, axe: Look, fits: Look, screenshot: Shot
) -> None:
    first = attune.request("faces.silent", {"seconds": 600})["id"]
    second = attune.request("faces.silent", {"seconds": 600})["id"]
    third = attune.request("faces.silent")["id"]
    open_execution(page, third)
    expect(page.get_by_text("position 2 at faces.silent")).to_be_visible()
    axe()
    fits()
    screenshot("execution-waiting")
    page.locator("#facts-title").evaluate("element => { element.dataset.madeMark = 'the same element'; }")
    page.evaluate("getSelection().selectAllChildren(document.getElementById('facts-title'))")
    attune.client.post(f"/executions/{second}/cancel")
    expect(page.get_by_text("position 1 at faces.silent")).to_be_visible()
    attune.client.post(f"/executions/{first}/cancel")
    expect(page.locator("#part-title").get_by_text("succeeded")).to_be_visible()
    expect(page.get_by_text("Waits:")).to_have_count(0)
    expect(page.locator("[data-made-mark]")).to_have_text("Facts")
    assert page.evaluate("String(getSelection())") == "Facts"


def test_what_the_reader_opened_stays_open_while_the_page_changes(page: Page, attune: Attune) -> None:
    execution = attune.request("faces.talk", {"lines": 10000, "pause_s": 0.05})["id"]
    open_execution(page, execution)
    expect(page.locator("#part-title").get_by_text("running")).to_be_visible()
    page.evaluate(
        """() => {
            const fold = document.createElement("details");
            fold.id = "traceback";
            fold.open = true;
            document.body.append(fold);
            const fresh = fold.cloneNode();
            fresh.open = false;
            fresh.append("new text");
            attuneMorph.morph(fold, fresh);
        }"""
    )
    expect(page.locator("details#traceback")).to_have_js_property("open", True)
    expect(page.locator("details#traceback")).to_have_text("new text")
    attune.client.post(f"/executions/{execution}/cancel")
    expect(page.locator("#part-title").get_by_text("canceled")).to_be_visible()


def test_without_javascript_everything_but_the_viewer_is_there(browser: object, attune: Attune, login: object) -> None:
    execution = attune.run("faces.talk")["id"]
    with browser.new_context(  # type: ignore[attr-defined]
        base_url=f"http://127.0.0.1:{attune.port}", storage_state=login, java_script_enabled=False
    ) as context:
        page = context.new_page()
        open_execution(page, execution)
        expect(page.locator("#result pre")).to_contain_text('"lines": 5')
        open_execution(page, execution, "log")
        page.get_by_role("link", name="The log as plain text").click()
        assert "line 4 of stdout" in page.content()
