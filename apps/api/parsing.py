"""Reads request bodies: strict JSON, bounded, and nothing else."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from apps.core.types import JsonValue
from apps.runner.jsonvalue import BadValueError, load_json


class BodyTooLarge(ParseError):
    status_code = 413
    default_detail = "The body is too large."
    default_code = "body_too_large"


class StrictJsonParser(BaseParser):
    """JSON that can be stored, without repeated keys, in a body of at most `ATTUNE_MAX_BODY_BYTES`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> JsonValue:
        limit = settings.ATTUNE_MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        try:
            return load_json(body, keys_may_repeat=False)
        except BadValueError as error:
            raise ParseError(f"The body is not the JSON Attune takes: {error}.") from error
