"""Large answers in pieces: no more of one is in memory than the client is about to take.

Django reads a synchronous body to its end before it sends the first byte, when it answers asynchronously.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import BinaryIO

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from apps.core.database import release_connection

#: Read and sent at once.
_CHUNK_BYTES = 256 * 1024


class _InPieces(StreamingHttpResponse):
    def __init__(self, pieces: Iterator[bytes], *, content_type: str) -> None:
        super().__init__(pieces, content_type=content_type)
        # The client may take its time, and the pool of connections is small.
        release_connection()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = iter(self.streaming_content)  # type: ignore[arg-type]  # given as a synchronous iterator
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield chunk


class TextDownload(_InPieces):
    """Text to be saved under `name`; `pieces` are read as they are sent."""

    def __init__(self, pieces: Iterable[bytes], *, name: str) -> None:
        super().__init__(_joined(pieces), content_type="text/plain; charset=utf-8")
        self["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
        self["X-Content-Type-Options"] = "nosniff"


class JsonLines(_InPieces):
    """One JSON document a line, to be saved under `name`; `lines` are made as they are sent."""

    def __init__(self, lines: Iterable[bytes], *, name: str) -> None:
        super().__init__(_joined(lines), content_type="application/x-ndjson")
        self["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
        self["X-Content-Type-Options"] = "nosniff"


class File(_InPieces):
    """An open file, as long as it is now: one that still grows is sent up to here, one that shrinks ends the answer."""

    def __init__(self, file: BinaryIO, *, content_type: str, saved_as: str | None = None) -> None:
        size = os.fstat(file.fileno()).st_size
        super().__init__(_exactly(file, size), content_type=content_type)
        self._resource_closers.append(file.close)  # type: ignore[attr-defined]  # not in the stubs
        self["Content-Length"] = str(size)
        if saved_as is not None:
            self["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=saved_as) or ""
        self["X-Content-Type-Options"] = "nosniff"


def _exactly(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(size, _CHUNK_BYTES))):
        size -= len(chunk)
        yield chunk


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of a size that is worth a change of threads."""
    chunk = bytearray()
    for piece in pieces:
        chunk += piece
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)
