"""`attune whoami`"""

from apps.cli.command import command, new_app
from apps.cli.output.cells import plain, strong, yes_no
from apps.cli.output.pages import Facts
from apps.cli.session import Session

app = new_app()


@command(app, "whoami")
def whoami(session: Session) -> None:
    """Say who you are here, and what you may do."""
    me = session.api.get("auth", "me")
    facts = [
        ("name", strong(me["username"])),
        ("administrator", yes_no(me["is_administrator"])),
        ("may", plain(me["grants"])),
        *(("token may only", plain(grants)) for grants in me["token_grants"]),
        ("at", plain(session.api.connection.url)),
    ]
    session.printer.one(me, lambda: [Facts(facts)])
