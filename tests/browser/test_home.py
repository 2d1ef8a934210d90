"""Home in a browser: the first look at an empty system, and one at a busy one that stays fresh by itself."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.acceptance.attune import Attune

Look = Callable[[], None]


def test_a_run_appears_without_a_reload(
    page: Page, attune: Attune, axe: Look, fits: Look, screenshot: Callable[[str], None]
) -> None:
    page.goto("/admin/")
    failing = attune.run("core.fail")
    expect(page.locator(f"#failure-{failing['id']}")).to_be_visible()
    attune.run("core.echo", {"message": "hello"})
    axe()
    fits()
    screenshot("home")


def test_a_figure_leads_to_the_executions_it_counts(page: Page, attune: Attune) -> None:
    failing = attune.run("core.fail")
    page.goto("/admin/")
    page.get_by_role("link", name="failed in 24 h").click()
    expect(page.locator(f"#open-{failing['id']}")).to_be_visible()
    expect(page.get_by_role("list", name="Filters in force")).to_contain_text("failed,timeout,abandoned")
