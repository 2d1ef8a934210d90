"""Archives in request bodies: the body itself, or the file `file` of a form."""

from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, cast

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser
from rest_framework.request import Request

from apps.core.errors import FieldError, Invalid

_CHUNK = 1024 * 1024


class ArchiveParser(BaseParser):
    """Any body that says it is some file: it is looked at whether it is an archive, not at what it is called."""

    media_type = "application/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        if (media_type or "").startswith("application/json"):
            raise UnsupportedMediaType("application/json")
        file = TemporaryFile()  # noqa: SIM115 - the view closes it; a request's stream cannot be read twice
        while chunk := stream.read(_CHUNK):
            file.write(chunk)
        file.seek(0)
        return DataAndFiles(QueryDict(), MultiValueDict({"file": [file]}))


class FormParser(MultiPartParser):
    """Its file waits in a temporary file that is gone with the request."""


def archive_of(request: Request) -> BinaryIO:
    """The one file that was sent. Raises `Invalid`."""
    files = dict(request.FILES.lists()) if isinstance(request.FILES, MultiValueDict) else {}
    extra = sorted({*files, *(request.data if isinstance(request.data, dict) else ())} - {"file"})
    if extra or len(files.get("file", ())) != 1:
        name = extra[0] if extra else "file"
        detail = "not a known field; known is file" if extra else "exactly one file is expected"
        raise Invalid("The request is not valid.", errors=[FieldError(f"/{name}", "invalid", detail)])
    return cast(BinaryIO, files["file"][0])
