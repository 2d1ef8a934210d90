"""What a step of an address of the console may be."""

from django.urls.converters import StringConverter


class RefConverter(StringConverter):
    """Like Django's `str`, without NUL: no column can hold it, so nothing can be found by it."""

    regex = r"[^/\x00]+"
