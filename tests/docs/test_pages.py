"""The reader of `test_commands` takes pages as a person would."""

from pathlib import Path

import pytest

from tests.docs.pages import blocks_of, commands_of, differs


def test_blocks_have_their_classes_titles_and_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('text\n\n``` { .sh .sketch }\na\n```\n\n```yaml title="~/x/pack.yaml"\nb\n```\n')
    first, second = blocks_of(page)
    assert (first.line, first.classes, first.text) == (3, ("sh", "sketch"), "a\n")
    assert (second.title, second.is_typed) == ("~/x/pack.yaml", False)


def test_a_fence_that_is_not_closed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("```sh\na\n")
    with pytest.raises(ValueError, match="not closed"):
        list(blocks_of(tmp_path / "page.md"))


def test_commands_may_go_over_several_lines() -> None:
    text = "a \\\n  b\ncat <<END\nx\nEND\nfor i in 1; do\n  c\ndone\n"
    assert list(commands_of(text)) == ["a \\\n  b\n", "cat <<END\nx\nEND\n", "for i in 1; do\n  c\ndone\n"]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("id …", "id 17"),
        ("id … now", "id   now"),
        ("a   b", "a b"),
        ("a\n…\nz", "a\nb\nc\nz"),
        ("a\n…", "a"),
        ("…", ""),
    ],
)
def test_three_dots_stand_for_anything(shown: str, said: str) -> None:
    assert not differs(shown, said)


@pytest.mark.parametrize(("shown", "said"), [("a", "b"), ("a", "a\nb"), ("a\nb", "a"), ("a … c", "a b d"), ("a", "")])
def test_other_output_differs(shown: str, said: str) -> None:
    assert differs(shown, said)
