"""The raw tables: the theme's own pages, under a policy that lets no script stand in them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

TABLES = "/admin/tables"


@pytest.mark.timeout(300)
def test_every_table_and_a_row_of_it_can_be_looked_at(
    page: Page, fits: Callable[[], None], screenshot: Callable[[str], None]
) -> None:
    page.goto(f"{TABLES}/")
    screenshot("tables")
    found = page.locator(".a-links a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert len(found) > 15
    for address in found:
        listed = page.request.get(address)
        assert listed.ok, address
        row = re.search(r"/admin/tables/[a-z_/]+/[^/\"]+/change/", listed.text())
        if row:
            assert page.request.get(row[0]).ok, row[0]
    for table in ("accounts/identity", "actions/action"):
        page.goto(f"{TABLES}/{table}/")
        fits()
        page.locator("#result_list tbody a[href*='/change/']").first.click()
        expect(page.locator("#content")).to_be_visible()
        fits()


def test_a_table_is_filtered_searched_and_paged(page: Page) -> None:
    page.goto(f"{TABLES}/actions/action/")
    page.locator("#searchbar").fill("core")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=core"))
    expect(page.locator("#result_list tbody tr").first).to_contain_text("core.")
    page.goto(f"{TABLES}/accounts/identity/")
    page.keyboard.press("/")
    expect(page.locator("#searchbar")).to_be_focused()
    page.goto(f"{TABLES}/operations/operation/")
    page.get_by_text("Filters").first.click()
    page.get_by_role("link", name="Succeeded").click()
    expect(page).to_have_url(re.compile("status__exact=succeeded"))


@pytest.mark.parametrize("table", ["accounts/identity", "executions/execution", "packs/pack", "accounts/apitoken"])
def test_a_table_is_usable_by_everybody(page: Page, axe: Callable[[], None], table: str) -> None:
    page.goto(f"{TABLES}/{table}/")
    axe()
