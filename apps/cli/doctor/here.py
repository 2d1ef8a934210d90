"""Checks of what is on this side: the profile, the way to Attune, the clocks, the token."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from apps.cli.config import is_open_to_others
from apps.cli.doctor.deployment import Deployment
from apps.cli.doctor.findings import Finding, ok, problem, skipped, warning
from apps.cli.errors import ApiError
from apps.cli.output.cells import duration_text
from apps.cli.version import VERSION

#: Seconds that two clocks may differ before anybody is misled.
_SKEW_S = 5.0
#: Seconds within which a healthy Attune says how it is.
_SLOW_S = 2.0
#: So long before its end a token is to be renewed.
_EXPIRES_SOON = timedelta(days=14)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def profile(deployment: Deployment) -> Iterator[Finding]:
    """Which Attune is meant, from where, and who can read the token."""
    connection = deployment.connection
    yield ok(f"{connection.url}, from {connection.url_from}")
    if connection.config.exists() and is_open_to_others(connection.config):
        yield warning(f"{connection.config} can be read by others.", f"chmod 600 {connection.config}")


def reach(deployment: Deployment) -> Iterator[Finding]:
    """Whether it answers, and how fast."""
    took_s = deployment.reached.took_s
    if took_s > _SLOW_S:
        yield warning(
            f"Attune answers after {duration_text(took_s)}.", "look at the load of its web role, database and network"
        )
    else:
        yield ok(f"Attune answers at {deployment.connection.url}")


def tls(deployment: Deployment) -> Iterator[Finding]:
    """Whether somebody on the way can read the token."""
    url = urlsplit(deployment.connection.url)
    if url.scheme == "https":
        yield ok("the connection is encrypted and the certificate is trusted")
    elif url.hostname in _LOCAL:
        yield ok("not encrypted, and on this machine")
    else:
        yield warning(
            "The connection is not encrypted: everybody on the way can read the token.",
            f"serve Attune behind TLS and use https://{url.netloc}",
        )


def clocks(deployment: Deployment) -> Iterator[Finding]:
    """Ages, and moments like --not-before 10m, are told by this machine's clock."""
    skew_s = deployment.reached.skew_s
    if skew_s is None:
        yield skipped("Attune's answers have no date")
    elif abs(skew_s) > _SKEW_S:
        where = "ahead of" if skew_s > 0 else "behind"
        yield warning(
            f"This machine's clock is {duration_text(abs(skew_s))} {where} Attune's.",
            "synchronise both with NTP: chronyc tracking, timedatectl status",
        )
    else:
        yield ok("this machine's clock agrees with Attune's")


def token(deployment: Deployment) -> Iterator[Finding]:
    """Whether it is known, and until when."""
    connection = deployment.connection
    if connection.token is None:
        todo = ["attune token create NAME by whoever has one", f"ATTUNE_TOKEN, or token in {connection.config}"]
        if connection.withheld_from:
            todo.insert(0, f"the profile's token is only sent to {connection.withheld_from}")
        yield problem("There is no token, so nothing more can be looked at.", *todo)
        return
    try:
        name = deployment.me["username"]
    except ApiError as error:
        yield problem(f"Attune does not take the token from {connection.token_from}: {error.message}", *error.hints)
        return
    yield ok(f"from {connection.token_from}, of {name}")
    yield from _expiry(deployment, connection.token)


def _expiry(deployment: Deployment, text: str) -> Iterator[Finding]:
    """A token begins with `att_` and the public id under which it is listed."""
    public_id = text.split("_")[1] if text.startswith("att_") else None
    found = next((row for row in deployment.tokens if row["public_id"] == public_id), None)
    if found is None or found["expires_at"] is None:
        return
    left = datetime.fromisoformat(found["expires_at"]) - deployment.now
    text = f"expires in {duration_text(max(0.0, left.total_seconds()))}, at {found['expires_at']}"
    if left < _EXPIRES_SOON:
        yield warning(f"The token {text}.", f"attune token create {found['name']} --expires 90d, and put it in place")
    else:
        yield ok(text)


def versions(deployment: Deployment) -> Iterator[Finding]:
    """One release beside the next is fine for an upgrade, and for no longer."""
    server = deployment.reached.ready.get("version")
    workers = sorted({row["version"] for row in deployment.active}) if deployment.is_known else []
    if server is not None and server != VERSION:
        yield warning(
            f"The command line is {VERSION} and Attune {server}.", "use the command line that comes with this Attune"
        )
    elif server is None and workers and workers != [VERSION]:
        yield warning(
            f"The command line is {VERSION} and the workers {', '.join(workers)}.",
            "use the command line that comes with this Attune",
        )
    elif server is None and not workers:
        yield skipped(f"the command line is {VERSION}; Attune does not say which it is")
    else:
        yield ok(f"the command line and Attune are {VERSION}")
