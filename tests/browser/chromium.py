"""The browser of the tests, and what it complained about while a page was looked at."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

#: Programs of distributions; without one, the browser Playwright may have installed is taken.
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


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
        if message.type in ("error", "warning"):
            self.texts.append(f"{message.location.get('url', '')}: {message.text}")
