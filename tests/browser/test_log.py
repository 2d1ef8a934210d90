"""The log viewer: what it shows of what was written, and how it bears a hundred thousand lines."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.acceptance.attune import Attune
from tests.browser.conftest import PACKS

Look = Callable[[], None]
Shot = Callable[[str], None]
LINES = 100_000


@pytest.fixture(scope="module", autouse=True)
def faces(attune: Attune) -> None:
    assert attune.install(PACKS / "faces")["status"] == "succeeded"


@pytest.fixture(scope="module")
def talk(attune: Attune) -> int:
    return int(attune.run("faces.talk", {"lines": 60})["id"])


@pytest.fixture(scope="module")
def flood(attune: Attune) -> int:
    return int(attune.run("faces.flood", {"lines": LINES})["id"])


@pytest.fixture(scope="module")
def parser(browser: Browser, attune: Attune, login: StorageState, talk: int) -> Iterator[Page]:
    """A page whose script is asked directly, and that nobody changes."""
    with browser.new_context(base_url=f"http://127.0.0.1:{attune.port}", storage_state=login) as context:
        page = context.new_page()
        open_log(page, talk)
        yield page


def open_log(page: Page, execution_id: int, more: str = "") -> None:
    page.goto(f"/admin/executions/{execution_id}/?tab=log{more}")
    expect(page.locator("[data-log]")).to_have_attribute("data-state", "over")


def rows_drawn(page: Page) -> int:
    return page.locator(".a-log-row").count()


def shown(page: Page, text: str) -> Any:
    """A text as the viewer's parser understands it: parts with styles, and as one reads it."""
    return page.evaluate("text => ({...attuneLog.parse(text), plain: attuneLog.plain(text)})", text)


def test_colours_are_styles_and_everything_hostile_is_text(
    page: Page, talk: int, axe: Look, fits: Look, screenshot: Shot
) -> None:
    open_log(page, talk, "#L1")
    expect(page.locator(".a-sgr-bold", has_text="starting")).to_be_visible()
    expect(page.locator(".a-sgr-fg-2", has_text="green")).to_be_visible()
    expect(page.locator(".a-sgr-bg-1", has_text="alarm")).to_be_visible()
    expect(page.get_by_text("<script>document.title='bad'</script>")).to_be_visible()
    expect(page.get_by_text(r"a\u202etxet sdrawkcab\x00\x07 bell and NUL are seen")).to_be_visible()
    expect(page.get_by_text("escape sequences of no use are gone")).to_be_visible()
    assert "bad" not in page.title()
    expect(page.locator("[data-log] img, [data-log] script")).to_have_count(0)
    axe()
    fits()
    screenshot("execution-log")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\dcs", "dcs"),
        ("\x1b[2J\x1b[1;1H\x1b[?25lmoved", "moved"),
        ("\x1b(B\x1b=\x1b7\x1b8plain", "plain"),
        ("\x1b]0;never ended", r"\x1b]0;never ended"),
        ("\x1b[31", r"\x1b[31"),
        ("\x1b", r"\x1b"),
        ("\x9b31mC1", r"\x9b31mC1"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("tab\tstays", "tab\tstays"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
    ],
)
def test_escape_sequences_are_dropped_and_broken_ones_are_seen(parser: Page, written: str, read: str) -> None:
    parsed = shown(parser, written)
    assert parsed["plain"] == read
    assert "".join(part["text"] for part in parsed["parts"]) == read


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("1;4;31", {"bold": True, "underline": True, "fg": 1}),
        ("31;39", {}),
        ("1;22", {}),
        ("91;102", {"fg": 9, "bg": 10}),
        ("38;5;196", {"fg": "rgb(255 0 0)"}),
        ("38;5;9", {"fg": 9}),
        ("48;5;232", {"bg": "rgb(8 8 8)"}),
        ("38;2;1;2;3", {"fg": "rgb(1 2 3)"}),
        ("38:2::1:2:3", {"fg": "rgb(1 2 3)"}),
        ("38;2;1;2;url(http://evil)", {}),
        ("38;5;999", {}),
        ("38;5", {}),
        ("", {}),
        (";".join(["1"] * 5000), {"bold": True}),
        ("999;-1;1e9", {}),
    ],
)
def test_colour_codes_become_styles_and_nonsense_becomes_nothing(
    parser: Page, codes: str, style: dict[str, Any]
) -> None:
    assert parser.evaluate("text => attuneLog.parse(text).end", f"\x1b[{codes}m") == style


@pytest.mark.parametrize("hostile", ["\x1b[" * 200_000, "\x1b]" * 200_000, "\x1bP" * 200_000, "\x1b[" + "1;" * 400_000])
def test_no_input_makes_the_parser_slow(parser: Page, hostile: str) -> None:
    took_ms = parser.evaluate(
        "text => { const start = performance.now(); attuneLog.parse(text); return performance.now() - start; }", hostile
    )
    assert took_ms < 5000  # minutes, if it were quadratic


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["a\nb\n"], ["a", "b"]),
        (["a", "b\n", "c"], ["ab", "c"]),
        (["10%\r", "20%\r", "30%\n"], ["30%"]),
        (["windows\r\n", "lines\r", "\n"], ["windows", "lines"]),
        (["abc\b\b\bx\n"], ["x"]),
        (["\n\n"], ["", ""]),
    ],
)
def test_progress_writes_over_itself_and_pieces_make_lines(parser: Page, pieces: list[str], lines: list[str]) -> None:
    told = parser.evaluate(
        """pieces => {
            const lines = new attuneLog.Lines();
            for (const text of pieces) lines.add({stream: "stdout", gap: 0, text});
            return lines.texts;
        }""",
        pieces,
    )
    assert told == lines


def test_two_streams_do_not_tear_each_others_lines_and_a_gap_is_a_line(parser: Page) -> None:
    told = parser.evaluate(
        """() => {
            const lines = new attuneLog.Lines();
            lines.add({stream: "stdout", gap: 0, text: "half "});
            lines.add({stream: "stderr", gap: 0, text: "error\\n"});
            lines.add({stream: "stdout", gap: 0, text: "a line\\n"});
            lines.add({stream: "stdout", gap: 1234, text: "after\\n"});
            return lines.texts.map((text, index) => [text, lines.kinds[index]]);
        }"""
    )
    assert told == [
        ["half a line", "stdout"],
        ["error", "stderr"],
        ["1,234 bytes of stdout are missing here", "note"],
        ["after", "stdout"],
    ]


def test_a_stream_can_be_shown_alone_and_times_and_wrapping_switched(page: Page, talk: int) -> None:
    open_log(page, talk)
    page.get_by_label("Streams").select_option("stderr")
    expect(page.locator(".a-log-stdout")).to_have_count(0)
    expect(page.locator(".a-log-stderr").first).to_be_visible()
    page.get_by_label("Streams").select_option("")
    expect(page.locator(".a-log-stdout").first).to_be_visible()
    page.get_by_role("button", name="Times").click()
    expect(page.locator(".a-log-time").first).to_be_visible()
    page.get_by_role("button", name="Wrap").click()
    expect(page.get_by_text("the end, without a new line")).to_be_visible()


def test_a_log_of_nothing_says_so(page: Page, attune: Attune) -> None:
    open_log(page, attune.run("faces.silent")["id"])
    expect(page.get_by_text("It wrote nothing.")).to_be_visible()


def test_the_download_is_the_plain_text(page: Page, talk: int) -> None:
    open_log(page, talk)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == f"execution-{talk}-1.log"
    assert "line 59 of stdout" in download.value.path().read_text()


def test_a_hundred_thousand_lines_are_read_searched_and_scrolled(page: Page, flood: int) -> None:
    open_log(page, flood)
    expect(page.get_by_text("099999 the quick brown fox")).to_be_visible()
    assert rows_drawn(page) < 150
    page.get_by_role("log").focus()
    page.keyboard.press("g")
    expect(page.get_by_text("000000 the quick brown fox")).to_be_visible()
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("/")
    page.keyboard.type("077777")
    expect(page.locator(".a-log-count")).to_have_text("1 hit")
    page.keyboard.press("Enter")
    expect(page.locator("mark", has_text="077777")).to_be_visible()
    page.get_by_label("Search in the log").fill("fox")
    expect(page.locator(".a-log-count")).to_contain_text("100,000+")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+G")
    expect(page.get_by_text("099999 the quick brown fox")).to_be_visible()
    for share in (0.1, 0.5, 0.9):
        page.get_by_role("log").evaluate(
            "(element, share) => { element.scrollTop = element.scrollHeight * share; }", share
        )
        expect(page.locator(".a-log-number", has_text=str(int(LINES * share) + 5)).first).to_be_visible()
    assert rows_drawn(page) < 150


def test_a_link_to_a_line_shows_it_and_a_click_makes_one(page: Page, flood: int) -> None:
    open_log(page, flood, "#L54321")
    expect(page.locator(".a-log-marked")).to_contain_text("054320 the quick")
    page.locator(".a-log-number", has_text="54323").click()
    expect(page).to_have_url(f"/admin/executions/{flood}/?tab=log#L54323")
    expect(page.locator(".a-log-marked")).to_contain_text("054322 the quick")


def test_following_stops_when_the_reader_scrolls_up_and_begins_at_the_end_again(page: Page, attune: Attune) -> None:
    execution = attune.request("faces.talk", {"lines": 10000, "pause_s": 0.02})["id"]
    page.goto(f"/admin/executions/{execution}/?tab=log")
    follow = page.get_by_role("button", name="Follow")
    # Whichever comes into sight: one line by itself is gone in a second, perhaps before the page was there.
    expect(page.get_by_text(re.compile(r"line ([6-9]\d|\d{3,}) of stdout")).first).to_be_visible()
    page.get_by_role("log").hover()
    page.mouse.wheel(0, -400)
    expect(follow).to_have_attribute("aria-pressed", "false")
    top = page.get_by_role("log").evaluate("element => element.scrollTop")
    expect(page.locator("[data-log]")).to_be_visible()
    assert page.get_by_role("log").evaluate("element => element.scrollTop") == top
    page.keyboard.press("Shift+G")
    expect(follow).to_have_attribute("aria-pressed", "true")
    attune.client.post(f"/executions/{execution}/cancel")
    expect(page.locator("[data-log]")).to_have_attribute("data-state", "over")


def test_a_connection_that_is_lost_goes_on_where_it_was(page: Page, attune: Attune, talk: int) -> None:
    asked: list[str | None] = []
    end = 'event: end\nid: 15-0\ndata: {"status": "succeeded"}\n\n'

    def cut(route: Any) -> None:
        """The first answer ends in the middle, after one event."""
        asked.append(route.request.headers.get("last-event-id"))
        if len(asked) == 1:
            told = '{"stream": "stdout", "offset": 0, "gap": 0, "text": "before the cut\\n"}'
            body = f"event: log\nid: 15-0\ndata: {told}\n\n"
            route.fulfill(status=200, content_type="text/event-stream", body=body + 'event: log\nid: 99-0\ndata: {"str')
        else:
            route.fulfill(
                status=200,
                content_type="text/event-stream",
                body=end,
            )

    page.route("**/logs?attempt=1&follow=true", cut)
    open_log(page, talk)
    expect(page.get_by_role("log").get_by_text("before the cut")).to_be_visible()
    assert asked == [None, "15-0"]
