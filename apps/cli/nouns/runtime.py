"""`attune runtime`"""

from apps.cli.command import command, noun
from apps.cli.lists import DEFAULT_LIMIT, All, Limit, most_of, show_list
from apps.cli.output.cells import strong
from apps.cli.output.pages import column
from apps.cli.session import Session

app = noun("See which languages can run.")

_COLUMNS = [
    column("RUNTIME", "name", strong),
    column("LABEL", "label"),
    column("VERSIONS", "versions", may_fold=True),
    column("WORKERS", "workers", is_number=True),
    column("EXTENSIONS", "extensions"),
    column("ENVIRONMENTS", "provider"),
    column("PACK", "pack"),
]


@command(app, "list")
def list_(session: Session, *, limit: Limit = DEFAULT_LIMIT, all_: All = False) -> None:
    """List runtimes, and the versions that active workers have."""
    show_list(session, "runtimes", columns=_COLUMNS, most=most_of(limit, all_), nothing="There are no runtimes.")
