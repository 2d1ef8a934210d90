"""What a pack holds, in words. Knows nothing else, so that the command line can use it too."""

from collections.abc import Mapping


def content_text(content: Mapping[str, int]) -> str:
    """`{"actions": 2, "policies": 1}` → `2 actions, 1 policy`."""
    return ", ".join(f"{count} {kind if count != 1 else _singular(kind)}" for kind, count in content.items())


def _singular(kind: str) -> str:
    return f"{kind.removesuffix('ies')}y" if kind.endswith("ies") else kind.removesuffix("s")
