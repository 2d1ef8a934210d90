"""A pack's README as HTML that cannot do anything: no HTML of its own, no images, links to the web only."""

from collections.abc import Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

#: Where a link may lead. A relative one would name a file beside the README, which the console does not serve.
_SCHEMES = ("http://", "https://", "mailto:")
#: The page has its own first heading; those of the text come below it.
_LOWER_BY = 1
#: Steps of the parser, and pieces that it makes. A README has a few thousand of both; text that was made for it grows
#: with its square, and would keep the process busy for hours.
_MAX_STEPS = 50_000
_MAX_PIECES = 50_000
_STEPS = "steps"


class _TooMuch(Exception):
    """Nobody wrote this to be read."""


def _count_step(state: StateInline, silent: bool) -> bool:
    state.env[_STEPS] = state.env.get(_STEPS, 0) + 1
    if state.env[_STEPS] > _MAX_STEPS:
        raise _TooMuch
    return False


def _count_pieces(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    if len(state.tokens) > _MAX_PIECES:
        raise _TooMuch
    return False


_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_parser.inline.ruler.before("text", "count", _count_step)
_parser.block.ruler.before("table", "count", _count_pieces)


def render(text: str) -> SafeString:
    """Everything that is not Markdown is shown as it stands; of an image its description. So is a whole text that would
    take too long."""
    try:
        tokens = _parser.parse(text)
    except _TooMuch:
        return format_html("<pre>{}</pre>", text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _LOWER_BY)}"
        if token.type == "inline":
            token.children = list(_harmless(token.children or []))
    html: str = _parser.renderer.render(tokens, _parser.options, {})
    return mark_safe(html)  # noqa: S308 - the renderer escapes all text


def _harmless(tokens: Iterable[Token]) -> Iterable[Token]:
    is_kept: list[bool] = []
    for token in tokens:
        if token.type == "image":
            yield Token("text", "", 0, content=token.content)
        elif token.type == "link_open":
            is_kept.append(str(token.attrGet("href")).lower().startswith(_SCHEMES))
            if is_kept[-1]:
                token.attrSet("rel", "noopener noreferrer nofollow")
                yield token
        elif token.type == "link_close":
            if is_kept.pop():
                yield token
        else:
            yield token
