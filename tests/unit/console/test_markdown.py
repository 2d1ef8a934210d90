"""READMEs come from strangers: what is made to keep the console busy is shown as it stands."""

import pytest

from apps.console.markdown import render

HUGE = 256 * 1024
WIDE_ROWS = "|" + "a|" * 20 + "\n|" + "-|" * 20 + "\n" + "|a\n" * 3_000


@pytest.mark.parametrize(
    "text",
    ["[" * HUGE, "a**b" * (HUGE // 4), (WIDE_ROWS + "\n") * 25],
    ids=["brackets", "stars", "tables"],
)
def test_text_whose_parsing_would_take_hours_is_shown_as_it_stands(text: str) -> None:
    assert render(text + "<b>") == f"<pre>{text}&lt;b&gt;</pre>"


def test_a_long_text_that_somebody_wrote_is_rendered() -> None:
    section = "## Part\n\nSome *words*, `code`, a [link](https://example.org/).\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n"
    html = render(section * 300)
    assert html.count('<a href="https://example.org/" rel="noopener noreferrer nofollow">link</a>') == 300
