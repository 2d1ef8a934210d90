"""`manage.py rotate_keys`: what `attune key rotate` does, here and now instead of in a conductor."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.crypto import KeyringError, keyring
from apps.core.errors import AttuneError
from apps.keys.rotation import count_left, rotate


class Command(BaseCommand):
    help = "Seals every secret with the first key of the keyring. After a kill it goes on where it was."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ring = keyring()
        except KeyringError as error:
            raise CommandError(f"The keyring cannot be used: {error}.") from error
        total = count_left(ring)
        self.stdout.write(f"{total} values to seal with the key {ring.current_id}")
        try:
            rotate(ring, tell=lambda table, done: self.stdout.write(f"{table}: {done} of {total} in all"))
        except AttuneError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("all values are sealed with it; the other keys of the ring are no longer in use")
