"""What a step of an address may be."""


class TextConverter:
    """Like Django's `str`, without NUL: no column can hold it, so nothing can be found by it."""

    regex = r"[^/\x00]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
