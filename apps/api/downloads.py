"""Large answers in pieces: no more of one is in memory than the client is about to take.

Django reads a synchronous body to its end before it sends the first byte, when it answers asynchronously.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator

from django.http import FileResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

#: Read and sent at once.
_CHUNK_BYTES = 256 * 1024


class _InPieces(StreamingHttpResponse):
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


class File(_InPieces, FileResponse):
    """An open file."""


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
