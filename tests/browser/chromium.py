"""The browser of the tests, and what it complained about while a page was looked at."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    StorageState,
    ViewportSize,
    sync_playwright,
)

WIDE = ViewportSize(width=1440, height=900)
#: Programs of distributions, the one first that knows no windows and therefore does less; without one, the browser
#: Playwright may have installed is taken.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@contextmanager
def started() -> Iterator[Browser]:
    """A Chromium without a window. Skips where there is none, and fails there in CI, where a skip is seen by nobody."""
    with sync_playwright() as playwright:
        program = _program(playwright)
        if program is None:
            reason = "there is no Chromium here (Debian, Ubuntu: apt install chromium)"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
        arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


def _program(playwright: Playwright) -> str | None:
    installed = playwright.chromium.executable_path
    return next((path for name in (*_PROGRAMS, installed) if (path := shutil.which(name))), None)


@dataclass
class Complaints:
    """Errors and warnings of the browser's console, exceptions of scripts, and what the Content-Security-Policy
    refused; it is told in the console too."""

    texts: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("page", self._watch_page)

    def forget(self, containing: str) -> None:
        """A complaint the test meant to cause, such as `status of 404`; fails when there is none."""
        left = [text for text in self.texts if containing not in text]
        assert len(left) < len(self.texts), f"the browser did not complain of {containing!r}: {self.texts}"
        self.texts[:] = left

    def _watch_page(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.texts.append(f"{page.url}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        # The page between two tests names no icon; those of the console do (test_frame).
        if message.type in ("error", "warning") and not url.endswith("/favicon.ico"):
            self.texts.append(f"{url}: {message.text}")


class Tabs:
    """One page for one test after the other, as clean as a new one: to open one costs as much as five addresses.

    1. `page`. 2. `tidy`, after each test. 3. `close`.
    """

    def __init__(self, browser: Browser, origin: str, login: StorageState) -> None:
        self.complaints = Complaints()
        self._browser = browser
        self._origin = origin
        self._login = login
        self._page: Page | None = None

    def page(self) -> Page:
        """Logged in, wide and light, with nothing in it and nothing complained of."""
        if self._page is None:
            context = self._browser.new_context(
                base_url=self._origin,
                storage_state=self._login,
                viewport=WIDE,
                color_scheme="light",
                accept_downloads=True,
            )
            context.set_default_timeout(20_000)
            self.complaints.watch(context)
            self._page = context.new_page()
        self.complaints.texts.clear()
        return self._page

    def tidy(self, *, throw_away: bool) -> None:
        """`throw_away` what a test that failed may have left: a listener that waits, a page that hangs."""
        if self._page is None or throw_away or len(self._page.context.pages) != 1:
            self.close()
            return
        self._page.unroute_all()
        self._page.evaluate("try { localStorage.clear(); sessionStorage.clear() } catch {}")
        # Not about:blank: from there the browser would start another process for the next test's page.
        self._page.goto("/healthz")
        self._page.set_viewport_size(WIDE)
        self._page.emulate_media(color_scheme="light", reduced_motion="null")
        self._page.context.clear_cookies()
        self._page.context.add_cookies(self._login["cookies"])  # type: ignore[arg-type]  # what it gave is what it takes

    def close(self) -> None:
        if self._page is not None:
            self._page.context.close()
            self._page = None
