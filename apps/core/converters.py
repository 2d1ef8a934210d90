"""What a step of an address may be; importing this makes `<text:…>` and `<segments:…>` known to Django."""

from django.urls import register_converter
from django.urls.converters import StringConverter


class TextConverter(StringConverter):
    """Like Django's `str`, without NUL: no column can hold it, so nothing can be found by it."""

    regex = r"[^/\x00]+"


class SegmentsConverter(StringConverter):
    """Several steps as one name, with nothing in them that would have to be quoted."""

    regex = r"[A-Za-z0-9_.~-]{1,200}(?:/[A-Za-z0-9_.~-]{1,200}){0,100}"


register_converter(TextConverter, "text")
register_converter(SegmentsConverter, "segments")
