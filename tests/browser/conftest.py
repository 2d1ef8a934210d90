"""The console in a real Chromium: one Attune for the session, and one page that is logged in and clean for each test.

`page.goto("/admin/…")` is enough: the page knows its Attune. A test fails when the browser complained meanwhile.
"""

import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect

from tests.acceptance.attune import ROOT, Attune
from tests.browser import chromium
from tests.browser.chromium import WIDE, Complaints, Tabs

PASSWORD = "correct horse battery"
PACKS = ROOT / "tests" / "packs"
IMAGES = ROOT / "docs" / "images" / "console"
NARROW = ViewportSize(width=360, height=740)
_AXE: Final[str] = Axe().axe_script
_MODES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


@pytest.fixture(scope="package")
def attune(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attune]:
    """With the packs `oracle` and `hard` of the tests, and those every Attune has."""
    running = Attune(tmp_path_factory.mktemp("attune"), {"ATTUNE_DRAIN_S": "1", "ATTUNE_ADMIN_PASSWORD": PASSWORD})
    running.up()
    for name in ("oracle", "hard"):
        assert running.install(PACKS / name)["status"] == "succeeded"
    yield running
    running.down()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For this package alone: while Playwright runs, its event loop keeps Django's ORM from working in the process."""
    expect.set_options(timeout=30_000)  # its own five seconds are few where everything runs on two processors
    with chromium.started() as running:
        yield running


@pytest.fixture(scope="package")
def login(browser: Browser, attune: Attune) -> StorageState:
    """The cookies of the administrator, by the form."""
    with browser.new_context(base_url=_origin(attune)) as context:
        page = context.new_page()
        page.goto("/admin/login/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/admin/")
        return context.storage_state()


@pytest.fixture(scope="package")
def tabs(browser: Browser, attune: Attune, login: StorageState) -> Iterator[Tabs]:
    opened = Tabs(browser, _origin(attune), login)
    yield opened
    opened.close()


@pytest.fixture
def complaints(tabs: Tabs) -> Complaints:
    return tabs.complaints


@pytest.fixture
def page(tabs: Tabs, complaints: Complaints, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Logged in as the administrator, wide, light, and with nothing to complain of at the end."""
    failed_before = request.session.testsfailed
    yield tabs.page()
    tabs.tidy(throw_away=request.session.testsfailed > failed_before)
    assert complaints.texts == []


@pytest.fixture
def axe(page: Page) -> Callable[[], None]:
    """Asserts that axe finds nothing serious or critical on the page as it stands, light and dark."""

    def look() -> None:
        page.evaluate(_AXE)
        for mode in _MODES:
            page.emulate_media(color_scheme=mode, reduced_motion="reduce")
            found = page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)")
            grave = [item for item in found if item["impact"] in ("serious", "critical")]
            told = [f"{item['id']}: {node['target']} {node['html'][:200]}" for item in grave for node in item["nodes"]]
            assert told == [], f"{page.url}, {mode}"
        page.emulate_media(color_scheme="light", reduced_motion="null")

    return look


@pytest.fixture
def fits(page: Page) -> Callable[[], None]:
    """Asserts that nothing of the page stands beyond the edge of a screen 360 px wide."""

    def look() -> None:
        page.set_viewport_size(NARROW)
        width = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size(WIDE)
        assert width <= NARROW["width"], f"{page.url} is {width} px wide"

    return look


#: Folders of the machine that takes the pictures, and what stands in them instead.
_PLACES = [
    (r"/[^\s'\"]*attune-test-[^\s/]+(/tmp)?(/popen-gw\d+)?", "/srv"),
    (re.escape(str(ROOT)), "/srv/attune"),
    (re.escape(os.path.realpath(sys.base_prefix)), "/usr"),
    (re.escape(socket.gethostname()), "worker-1"),
]
_SAY_INSTEAD = """
places => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const [place, instead] of places) {
      walker.currentNode.data = walker.currentNode.data.replace(new RegExp(place, "g"), instead);
    }
  }
}
"""


@pytest.fixture
def screenshot(page: Page) -> Callable[[str], None]:
    """Keeps `docs/images/console/NAME-light.png` and `-dark.png`; does nothing unless ATTUNE_SCREENSHOTS=1."""

    def take(name: str) -> None:
        if os.environ.get("ATTUNE_SCREENSHOTS") != "1":
            return
        for mode in _MODES:
            page.emulate_media(color_scheme=mode, reduced_motion="reduce")
            page.evaluate(_SAY_INSTEAD, _PLACES)
            page.screenshot(path=IMAGES / f"{name}-{mode}.png", animations="disabled")
        page.emulate_media(color_scheme="light", reduced_motion="null")

    return take


def _origin(attune: Attune) -> str:
    return f"http://127.0.0.1:{attune.port}"
