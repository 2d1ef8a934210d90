"""Archives that somebody has sent, kept in storage from the web role's hands to the conductor's."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone

from apps.core.errors import Invalid
from apps.packs.sources.errors import ArchiveUnreadable, UploadGone
from apps.packs.sources.extract import looks_like_archive

logger = logging.getLogger(__name__)

_FOLDER = "uploads"
#: An upload that nobody has taken for so long never will be: its operation ended with the process that ran it.
_FORGOTTEN_AFTER = timedelta(hours=24)
_CHUNK = 1024 * 1024


class UploadTooLarge(Invalid):
    """The archive is larger than an upload may be."""

    code = "upload_too_large"


def keep_upload(archive: IO[bytes], *, max_bytes: int) -> str:
    """Stores the archive, read to its end, and returns its id. Raises `ArchiveUnreadable` for what is none."""
    head = archive.read(4)
    if not looks_like_archive(head):
        raise ArchiveUnreadable("The upload is neither a tar.gz nor a zip archive.")
    archive.seek(0, 2)
    if archive.tell() > max_bytes:
        raise UploadTooLarge(f"The archive is larger than {max_bytes} bytes.")
    archive.seek(0)
    _forget_old()
    upload_id = secrets.token_hex(16)
    default_storage.save(_name(upload_id), File(archive))
    return upload_id


@contextmanager
def taken_upload(upload_id: str) -> Iterator[IO[bytes]]:
    """The archive, which is removed at the end, whatever became of it. Raises `UploadGone`."""
    name = _name(upload_id)
    try:
        archive = default_storage.open(name)
    except FileNotFoundError as error:
        raise UploadGone from error
    try:
        with archive:
            yield archive
    finally:
        default_storage.delete(name)


def _forget_old() -> None:
    try:
        _, names = default_storage.listdir(_FOLDER)
    except FileNotFoundError:
        return
    for name in names:
        path = f"{_FOLDER}/{name}"
        try:
            if default_storage.get_modified_time(path) < timezone.now() - _FORGOTTEN_AFTER:
                default_storage.delete(path)
        except FileNotFoundError:  # somebody else was faster
            continue


def _name(upload_id: str) -> str:
    return f"{_FOLDER}/{upload_id}"
