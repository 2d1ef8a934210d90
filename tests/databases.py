"""One database with all tables for the whole suite, of which each process of pytest-xdist gets a copy: to migrate takes
four seconds of a processor, to copy a tenth of one."""

import fcntl
import os
from pathlib import Path

from django.conf import settings
from django.db import connection

_NAME = "attune_template"


def copy_template() -> None:
    """Lets the tests' database be a copy; the first to come makes what is copied."""
    folder = Path(os.environ["ATTUNE_TEST_DIR"])
    made = folder / "database-made"
    with (folder / "database-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make()
            made.touch()
    connection.settings_dict["TEST"] |= {"TEMPLATE": _NAME, "MIGRATE": False}


def _make() -> None:
    """As Django makes the database of tests, under another name."""
    test, name = connection.settings_dict["TEST"], connection.settings_dict["NAME"]
    own = test["NAME"]
    test["NAME"] = _NAME
    connection.creation.create_test_db(verbosity=0, serialize=False)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's: nobody may look at what is copied
    test["NAME"] = own
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
