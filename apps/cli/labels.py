"""Labels as they are typed: `--label NAME=VALUE`."""

from collections.abc import Iterable

from apps.cli.errors import UsageError


def label_pairs(texts: Iterable[str] | None) -> list[tuple[str, str]]:
    """Raises `UsageError`."""
    pairs = []
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UsageError(f"--label: {text!r} is no NAME=VALUE.")
        pairs.append((name, value))
    return pairs
