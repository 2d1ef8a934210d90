"""What every role does before it does anything else: refuses to start with settings that would hurt later."""

import logging

from django.core import checks
from django.db import InterfaceError, OperationalError, connection
from psycopg_pool import PoolTimeout

from apps.core.checks import START
from apps.core.crypto import KeyringError, keyring
from apps.keys.canary import prove_keyring

logger = logging.getLogger(__name__)


class StartRefused(SystemExit):
    """Ends the process with its text on stderr."""


def refuse_wrong_start() -> None:
    """Raises `StartRefused` for missing or example keys, a debug server, keys that others may read, or a keyring that
    is not the one which encrypted this database. A database that is away stops nobody: whoever starts next makes up
    for the proof, and what was sealed by another key does not open.
    """
    wrong = [message for message in checks.run_checks(tags=[START]) if message.is_serious()]
    if wrong:
        raise StartRefused("\n".join(f"{message.id}: {message.msg} {message.hint or ''}".strip() for message in wrong))
    try:
        prove_keyring(keyring())
    except KeyringError as error:
        raise StartRefused(f"The keyring cannot be used: {error}.") from error
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        logger.warning("the keyring is not proven: the database is away (%s)", type(error).__name__)
    finally:
        # The pool has threads, and what starts next may fork.
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's alone, so not in the stubs' base class
