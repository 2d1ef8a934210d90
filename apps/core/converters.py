"""What a step of an address may be; importing this makes `<text:…>` known to Django."""

from django.urls import register_converter
from django.urls.converters import StringConverter


class TextConverter(StringConverter):
    """Like Django's `str`, without NUL: no column can hold it, so nothing can be found by it."""

    regex = r"[^/\x00]+"


register_converter(TextConverter, "text")
