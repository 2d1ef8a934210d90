"""The frame around every page: login, menu, theme."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.acceptance.attune import Attune


def test_a_wrong_password_is_told_at_the_form(browser: Browser, attune: Attune) -> None:
    with browser.new_context(base_url=f"http://127.0.0.1:{attune.port}") as context:
        page = context.new_page()
        page.goto("/admin/executions/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong")


def test_the_first_page_is_usable_by_everybody(page: Page, axe: Callable[[], None], fits: Callable[[], None]) -> None:
    page.goto("/admin/")
    expect(page.locator("link[rel=icon]")).to_have_count(1)
    axe()
    fits()


def test_the_theme_is_kept_for_the_next_page(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.locator("html")).to_have_class("dark")
    page.goto("/admin/executions/")
    expect(page.locator("html")).to_have_class("dark")
