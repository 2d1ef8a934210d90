"""Identities, groups, roles, keys, the audit and one's own password, as an administrator uses them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Complaints


@pytest.fixture
def well(axe: Callable[[], None], fits: Callable[[], None]) -> Callable[[], None]:
    """Asserts that the page is usable by everybody and on a narrow screen."""

    def look() -> None:
        axe()
        fits()

    return look


def test_somebody_is_made_given_a_role_and_switched_off(page: Page, well: Callable[[], None]) -> None:
    page.goto("/admin/identities/")
    page.locator("[name=name]").fill("somebody")
    page.get_by_role("button", name="Create identity").click()
    expect(page.get_by_role("heading", name="Temporary password of somebody")).to_be_visible()
    well()
    page.get_by_role("link", name="somebody").click()
    page.locator("[name=role]").select_option("viewer")
    page.get_by_role("button", name="Give role").click()
    expect(page.get_by_role("region", name="Roles")).to_contain_text("viewer")
    well()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Switch off").click()
    expect(page.locator("#messages")).to_contain_text("somebody is switched off")
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()


def test_the_own_password_is_changed_only_with_the_old_one(
    page: Page, well: Callable[[], None], complaints: Complaints
) -> None:
    page.goto("/admin/password_change/")
    well()
    page.locator("[name=old]").fill("wrong")
    page.locator("[name=new]").fill("another one altogether")
    page.locator("[name=again]").fill("another one altogether")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#content")).to_contain_text("this is not your password")
    complaints.forget("status of 400")


@pytest.mark.parametrize("path", ["groups", "roles", "roles/new", "keys", "keys/new", "audit"])
def test_a_page_of_access_is_usable_by_everybody(page: Page, well: Callable[[], None], path: str) -> None:
    page.goto(f"/admin/{path}/")
    well()
