"""What can be wrong with a pack's source. What was installed before goes on serving in every case."""

from typing import Any

from apps.core.errors import Conflict, Invalid, Unavailable


class SourceInvalid(Invalid):
    """This is no source of packs that Attune knows."""

    code = "source_invalid"


class ArchiveUnreadable(Invalid):
    """It is neither a tar.gz nor a zip archive, or it is damaged."""

    code = "archive_unreadable"


class ArchiveTooLarge(Invalid):
    """The archive holds more than a pack may."""

    code = "archive_too_large"


class EntryRefused(Invalid):
    """The archive holds something that has no place in a pack."""

    code = "archive_entry_refused"

    def __init__(self, entry: str, reason: str, detail: str, **facts: Any) -> None:
        """`entry` as the archive names it, made harmless to show; `reason` is for programs, `detail` for people."""
        shown = escaped(entry)
        super().__init__(f"{shown}: {detail}.", entry=shown, reason=reason, **facts)


class GitFailed(Unavailable):
    """The git repository cannot be read."""

    code = "git_failed"


class GitMissing(Conflict):
    """There is no git program on this server, or it is too old."""

    code = "git_missing"


class NoPackIndex(Conflict):
    """No index of packs is set up; set ATTUNE_PACK_INDEX_URL."""

    code = "no_pack_index"


class IndexInvalid(Unavailable):
    """The index of packs cannot be understood."""

    code = "pack_index_invalid"


class NotInIndex(Invalid):
    """The index has no such pack or version."""

    code = "not_in_pack_index"


class DigestMismatch(Invalid):
    """The archive is not the one that the index names."""

    code = "archive_digest_mismatch"


class UploadGone(Conflict):
    """The upload is not there any more; upload the archive again."""

    code = "upload_gone"


#: Longest name shown; the rest of it is cut.
_SHOWN_CHARS = 200


def escaped(name: str) -> str:
    """`name` in quotes with everything that is not printable ASCII escaped: it may be made to fool a terminal."""
    cut = name if len(name) <= _SHOWN_CHARS else name[:_SHOWN_CHARS] + "…"
    return ascii(cut)
