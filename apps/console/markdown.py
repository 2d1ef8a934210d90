"""A pack's README as HTML that cannot do anything: no HTML of its own, no images, links to the web only."""

from collections.abc import Iterable

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Where a link may lead. A relative one would name a file beside the README, which the console does not serve.
_SCHEMES = ("http://", "https://", "mailto:")
#: The page has its own first heading; those of the text come below it.
_LOWER_BY = 1

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(text: str) -> SafeString:
    """Everything that is not Markdown is shown as it stands; of an image its description."""
    tokens = _parser.parse(text)
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
