"""Checks of what Attune stands on, by its own word (`/readyz`)."""

from collections.abc import Iterator

from apps.cli.doctor.deployment import Deployment
from apps.cli.doctor.findings import Finding, ok, problem, skipped, warning
from apps.cli.output.cells import plain


def database(deployment: Deployment) -> Iterator[Finding]:
    """PostgreSQL has all facts: without it nothing works."""
    said = deployment.reached.ready.get("database")
    if said == "ok":
        yield ok("is there")
    else:
        yield problem(
            f"Attune's database is {said or 'not spoken of'}.",
            "is PostgreSQL up, and does Attune's ATTUNE_DATABASE_URL lead there?",
            "on this machine: script/up --detach",
        )


def migrations(deployment: Deployment) -> Iterator[Finding]:
    """The tables must be those of the code."""
    said = deployment.reached.ready.get("migrations")
    if said == "ok":
        yield ok("are all applied")
    elif said is None:
        yield skipped("cannot be looked at without the database")
    else:
        yield problem(f"Migrations are {said}.", "python manage.py migrate, with the new code, before its roles start")


def redis(deployment: Deployment) -> Iterator[Finding]:
    """Without it requests are accepted and wait."""
    said = deployment.reached.ready.get("redis")
    if said == "ok":
        yield ok("is there")
    elif said is None:
        yield skipped("cannot be looked at without the database")
    else:
        yield problem(
            f"Redis is {said}: executions are accepted, and start late or not at all.",
            "is Valkey or Redis up, and does Attune's ATTUNE_REDIS_URL lead there? Nothing is lost meanwhile",
        )


def disk(deployment: Deployment) -> Iterator[Finding]:
    """Only what Attune says of it."""
    said = deployment.reached.ready.get("disk")
    if said == "ok":
        yield ok("has room")
    elif said is not None:
        yield warning(
            f"Attune says of its disk: {plain(said).text}.", "make room where logs, artifacts and environments are kept"
        )
