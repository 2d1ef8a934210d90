"""Packs, environments, gates, workers, operations and tokens, as an operator uses them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.attune import Attune
from tests.factories.packs import write_pack

Well = Callable[..., None]

#: Waits in line behind the first, which runs until it is canceled.
_FILES = {
    "README.md": "# Acme tools\n\nRuns what **we** need.\n",
    "actions/hold.yaml": "name: hold\nruntime: shell\nentry_point: hold.sh\nconcurrency: {limit: 1}\n",
    "actions/hold.sh": "sleep 600\n",
}


@pytest.fixture
def well(axe: Callable[[], None], fits: Callable[[], None], screenshot: Callable[[str], None]) -> Well:
    """Asserts that the page is usable by everybody and on a narrow screen; with a name, keeps a picture of it."""

    def look(name: str = "") -> None:
        axe()
        fits()
        if name:
            screenshot(name)

    return look


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("acme"), files=_FILES, more="label: Acme tools\n")


@pytest.fixture(scope="module")
def acme(attune: Attune, folder: Path) -> str:
    assert attune.install(folder)["status"] == "succeeded"
    return "acme"


def test_a_pack_is_installed_from_the_form_and_its_log_watched(page: Page, tmp_path: Path, well: Well) -> None:
    page.goto("/admin/packs/")
    page.get_by_role("link", name="Install a pack").click()
    well("pack-install")
    page.get_by_label("Or where it is").fill(str(write_pack(tmp_path, ref="byform", files=_FILES)))
    page.get_by_role("button", name="Install").click()
    expect(page.locator("[role=log]")).to_contain_text("register")
    expect(page.get_by_text("byform 1.0.0 is installed (1 action).")).to_be_visible()
    well("operation")
    page.get_by_role("link", name="Open the pack byform").click()
    expect(page.get_by_role("heading", name="Acme tools")).to_be_visible()
    well("pack")


def test_a_broken_pack_shows_all_its_errors_with_their_places(page: Page, tmp_path: Path, well: Well) -> None:
    files = {"actions/a.yaml": "name: a\nruntime: shell\nentry_point: gone.sh\ntimeout_s: <script>alert(1)</script>\n"}
    page.goto("/admin/packs/install/")
    page.get_by_label("Or where it is").fill(str(write_pack(tmp_path, ref="broken", version="one", files=files)))
    page.get_by_role("button", name="Install").click()
    for place in ("pack.yaml:2", "actions/a.yaml:3", "actions/a.yaml:4"):
        expect(page.get_by_role("cell", name=place)).to_be_visible()
    well("operation-failed")
    page.get_by_role("link", name="Install again").click()
    expect(page.get_by_label("Or where it is")).to_have_value(str(tmp_path))


def test_a_limit_is_moved_and_the_line_moves(page: Page, attune: Attune, acme: str, well: Well) -> None:
    executions = [attune.request(f"{acme}.hold") for _ in range(4)]
    attune.running(executions[0]["id"])
    page.goto("/admin/gates/?q=acme.hold")
    well("gates")
    page.get_by_role("region", name="Gates with a line").get_by_role("link", name="acme.hold").click()
    rows = page.get_by_role("region", name="Line").locator("tbody tr")
    expect(rows).to_have_count(3)
    well("gate")
    page.get_by_label("Limit").fill("3")
    page.get_by_role("button", name="Move").click()
    expect(page.locator("#messages")).to_contain_text("The limit of acme.hold is 3 now.")
    expect(rows).to_have_count(1)
    attune.client.post(f"/executions/{executions[0]['id']}/cancel")
    expect(page.locator("#line")).to_contain_text("Nobody waits")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#messages")).to_contain_text("is paused")
    page.get_by_role("button", name=re.compile("Back to 1")).click()
    expect(page.locator("#messages")).to_contain_text("file again: 1")
    for execution in executions[1:]:
        attune.client.post(f"/executions/{execution['id']}/cancel")


def test_a_token_is_made_shown_once_and_revoked(page: Page, well: Well) -> None:
    page.goto("/admin/tokens/")
    page.get_by_label("Name").fill("from the browser")
    page.get_by_role("button", name="Create token").click()
    expect(page.locator("#new-token")).to_have_text(re.compile(r"^att_\w{12}_\w{40}$"))
    well()
    page.goto("/admin/tokens/")
    expect(page.locator("#new-token")).to_have_count(0)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Revoke from the browser").click()
    expect(page.get_by_text("from the browser")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke from the browser").click()
    expect(page.locator("#messages")).to_contain_text("is revoked")
    expect(page.get_by_text("from the browser")).to_have_count(0)


@pytest.mark.timeout(240)
def test_an_environment_is_rebuilt_and_its_log_watched(page: Page, attune: Attune, tmp_path: Path, well: Well) -> None:
    files = {
        "requirements.txt": "./wheel\n",
        "actions/a.yaml": "name: a\nruntime: python\nentry_point: a.py\n",
        "actions/a.py": "def run():\n    return 1\n",
    }
    assert attune.install(write_pack(tmp_path, ref="built", files=files))["status"] == "succeeded"
    page.goto("/admin/environments/?pack=built")
    page.get_by_role("link", name="built / python").click()
    expect(page.locator(".a-facts").first).to_contain_text("failed", timeout=60_000)
    well("environment")
    page.get_by_role("button", name="Rebuild").click()
    expect(page.locator("#messages")).to_contain_text("is built anew")
    expect(page.locator(".a-facts").first).to_contain_text("failed", timeout=60_000)


@pytest.mark.parametrize(
    "address",
    [
        "packs/",
        "packs/core/",
        "packs/core/?tab=actions",
        "packs/core/?tab=environments",
        "packs/core/?tab=versions",
        "packs/?q=nothing-like-it",
        "environments/",
        "environments/?pack=nothing",
        "runtimes/",
        "workers/",
        "workers/?show=all",
        "workers/1/",
        "gates/?q=nothing-like-it",
        "policies/",
        "policies/new/",
        "policies/new/?kind=rate",
        "policies/new/?kind=retry",
        "policies/1/",
        "operations/",
        "operations/?status=pending",
        "tokens/",
    ],
)
def test_a_page_is_usable_by_everybody(page: Page, acme: str, well: Well, address: str) -> None:
    page.goto(f"/admin/{address}")
    is_list = address.count("/") == 1 and "?" not in address
    well(address.strip("/") if is_list else "")
