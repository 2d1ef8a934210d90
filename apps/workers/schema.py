"""Which tables this code works with. While a fleet is upgraded, workers of two versions run side by side; one that
does not know the tables takes nothing, and says so.

A release that changes tables adds first (old workers go on), moves the data, and takes away in a later release, which
raises `OLDEST` to the first version that can do without.
"""

from django.db import DEFAULT_DB_ALIAS

from apps.workers.models import SchemaVersion

#: Raised by one in each release in which workers need tables or columns of that release.
SCHEMA = 1
#: The lowest `SCHEMA` of workers that still understand the tables of this release.
OLDEST = 1


def refusal(number: int, oldest: int) -> str:
    """Why this code must not claim against tables of `number`, understood from `oldest` on; empty when it may."""
    if oldest > SCHEMA:
        return (
            f"the database has tables of version {number}, this worker knows those up to {SCHEMA}: upgrade the worker"
        )
    if number < SCHEMA:
        return f"the database has tables of version {number}, this worker needs {SCHEMA}: run `manage.py migrate`"
    return ""


def note_schema(using: str = DEFAULT_DB_ALIAS, **_: object) -> None:
    """After every migrate: what the tables are now. An older release that migrates nothing leaves it as it is."""
    row, _is_new = SchemaVersion.objects.using(using).get_or_create(pk=1, defaults={"number": SCHEMA, "oldest": OLDEST})
    if row.number < SCHEMA:
        SchemaVersion.objects.using(using).filter(pk=1).update(number=SCHEMA, oldest=OLDEST)
