"""`manage.py prepare`: makes a database ready to serve. Safe to run at every start.

Migrates, proves the keyring, installs Attune's own packs, and, last of all so that a stop in the middle cannot lose the
password, makes the first administrator.
"""

import json
import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.accounts.services.administrator import FirstAdministrator, ensure_administrator
from apps.accounts.services.tokens import issue_token
from apps.accounts.shipped import ensure_shipped_roles
from apps.core.crypto import KeyringError, keyring
from apps.core.errors import AttuneError
from apps.keys.canary import prove_keyring
from apps.packs.services.install import install_pack
from attune.settings import env

#: Attune's own packs, in the order in which they are installed.
PACKS = ("core", "examples", "examples_text")
TOKEN_NAME = "command line of script/up"  # noqa: S105 - a name, not a secret


class Command(BaseCommand):
    help = "Migrates, proves the keyring, installs Attune's own packs, makes the first administrator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="say what was made as JSON on stdout")
        parser.add_argument("--new-cli-token", action="store_true", help="issue a token even if there are users")

    def handle(self, *args: Any, **options: Any) -> None:
        self._migrate()
        self._prove_keyring()
        ensure_shipped_roles()
        logging.getLogger("apps").setLevel(logging.WARNING)  # what is said here is said in lines of its own
        packs = [self._install(name) for name in PACKS]
        self._say("administrator")
        first = ensure_administrator(password=env.text("ATTUNE_ADMIN_PASSWORD"))
        token = self._token(first) if first.is_new or options["new_cli_token"] else None
        made = {"username": first.identity.username, "password": first.password, "token": token, "packs": packs}
        if options["json"]:
            self.stdout.write(json.dumps(made))
        elif first.password:
            self.stdout.write(f"administrator {first.identity.username}, password {first.password}")

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say(f"database: {len(plan)} migrations")
            call_command("migrate", verbosity=0, interactive=False)

    def _prove_keyring(self) -> None:
        try:
            prove_keyring(keyring())
        except KeyringError as error:
            raise CommandError(f"The keyring cannot be used: {error}.") from error

    def _install(self, name: str) -> str:
        try:
            installed = install_pack(Path(settings.BASE_DIR) / "packs" / name, identity=None, force=True, own=True)
        except AttuneError as error:
            lines = "\n".join(str(item) for item in error.errors)
            raise CommandError(f"The pack {name} cannot be installed: {error.detail}\n{lines}") from error
        if installed.change != "unchanged":
            self._say(f"pack {name} {installed.version}: {installed.change}")
        return f"{installed.ref} {installed.version}"

    def _token(self, first: FirstAdministrator) -> str:
        return issue_token(first.identity, name=TOKEN_NAME).text

    def _say(self, step: str) -> None:
        self.stderr.write(f"    {step}", ending="\n")
        self.stderr.flush()
