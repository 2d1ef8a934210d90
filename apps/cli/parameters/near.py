"""Which actions may have been meant by a ref that does not exist."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from apps.cli.errors import CliError

if TYPE_CHECKING:
    from apps.cli.api import Api

#: Refs that are looked at; a suggestion is worth one page.
_MOST = 500


def near_actions(api: "Api", ref: str) -> list[str]:
    """A hint, or none. Never raises: it is asked for while another error is on its way."""
    try:
        refs = [row["ref"] for row in api.items("actions", most=_MOST, fields="ref")]
    except CliError:
        return []
    found = get_close_matches(ref, refs, n=3, cutoff=0.75)
    found += [other for other in refs if other.rpartition(".")[2] == ref and other not in found]
    return [f"did you mean {' or '.join(found[:3])}?"] if found else []
