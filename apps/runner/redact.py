"""Masking of secrets, on bytes: of whole values, and of streams that arrive in chunks of any size.

What is masked is the union of all places where some variant of some secret stands; each run of
overlapping places becomes one `***`. So it does not matter which variant is looked for first, nor how a
stream is cut: the masked stream is the same for every cut.
"""

from collections.abc import Collection, Iterable, Iterator

from apps.runner.sampling import Samples
from apps.runner.variants import is_common, variants_of

MASK = b"***"
Span = tuple[int, int]

#: Beginnings up to this long are looked up in a set; longer ones are found by their first bytes.
_PREFIX_BYTES = 8
#: Of more variants (a secret of thousands of lines) each is looked for by itself: comparing them would take seconds.
_MAX_COMPARED = 1000


class Masker:
    """The secrets of one run. Immutable, and shared by the streams of that run.

    A short or common secret (see `variants.is_common`) is masked only where it is a whole value or line.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._values = values = frozenset(secrets)
        self._short = frozenset(value for value in values if value and is_common(value))
        self._short_lines = frozenset(line for value in self._short if (line := value.strip()) and b"\n" not in line)
        self._variants = frozenset(variant for value in values for variant in variants_of(value))
        self._forms = _Forms(self._variants)
        self._beginnings = frozenset(
            variant[:size] for variant in self._variants for size in range(1, min(_PREFIX_BYTES, len(variant)))
        )
        self._long_variants = [variant for variant in self._variants if len(variant) > _PREFIX_BYTES]

    def with_more(self, secrets: Iterable[bytes]) -> "Masker":
        """These secrets and more."""
        return masker_of(self._values.union(secrets))

    @property
    def is_empty(self) -> bool:
        """There is nothing to mask."""
        return not (self._short or self._variants)

    def mask(self, value: bytes) -> bytes:
        """A value that stands for itself: a short secret is masked only if it is all of it, or a line of it."""
        if value in self._short:
            return MASK
        spans = self.spans(value) if self._variants else []
        if lines := self.line_spans(value, at_line_start=True, at_end=True):
            spans = _joined(spans + lines)
        return _replace(value, spans)

    def stream(self) -> "StreamMasker":
        """For one stream; here a short secret is masked where it is a whole line."""
        return StreamMasker(self)

    def spans(self, data: bytes) -> list[Span]:
        """Where variants of long secrets stand: sorted by start, overlapping ones joined."""
        found = self._forms.find(data)
        return _joined(found) if len(found) > 1 else found

    def line_spans(self, data: bytes, *, at_line_start: bool, at_end: bool) -> list[Span]:
        """Where short secrets are whole lines. `at_end`: the end of data ends a line."""
        return [
            span
            for line in self._short_lines
            for span in _whole_lines(data, line, at_line_start=at_line_start, at_end=at_end)
        ]

    def undecided_from(self, data: bytes, *, at_line_start: bool) -> int:
        """From here on data may be the beginning of something that is masked; its length if nothing may."""
        size = len(data)
        candidates = [size]
        for variant in self._long_variants:
            candidates.extend(_long_beginning(data, variant))
        for start in range(max(0, size - _PREFIX_BYTES + 1), size):
            if data[start:] in self._beginnings:
                candidates.append(start)
                break
        if self._short_lines:
            candidates.append(self._undecided_line(data, at_line_start=at_line_start))
        return min(candidates)

    def _undecided_line(self, data: bytes, *, at_line_start: bool) -> int:
        start = data.rfind(b"\n") + 1
        rest = data[start:]
        is_whole = bool(start) or at_line_start
        if is_whole and rest and any((line + b"\r").startswith(rest) for line in self._short_lines):
            return start
        return len(data)


def masker_of(secrets: Collection[bytes]) -> Masker:
    """A `Masker`; most runs have no secrets, and share one."""
    return Masker(secrets) if secrets else _NO_SECRETS


class StreamMasker:
    """Masks one stream. Holds back only what could still become a secret, less than the longest variant."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._is_idle = masker.is_empty
        self._held = b""
        self._covered = 0  # so many bytes of what is held belong to a mask that was already put out
        self._at_line_start = True

    def feed(self, data: bytes) -> bytes:
        """What can be told of the stream so far and was not told yet."""
        if self._is_idle:
            return data
        data = self._held + data
        until = self._masker.undecided_from(data, at_line_start=self._at_line_start)
        return self._release(data, until, at_end=False)

    def flush(self) -> bytes:
        """The rest, at the end of the stream."""
        if self._is_idle:
            return b""
        return self._release(self._held, len(self._held), at_end=True)

    def _release(self, data: bytes, until: int, *, at_end: bool) -> bytes:
        spans = self._masker.spans(data)
        lines = self._masker.line_spans(data, at_line_start=self._at_line_start, at_end=at_end)
        if lines:
            spans = _joined(spans + lines)
        told: list[bytes] = []
        position = self._covered
        for start, end in spans:
            if start >= until:
                break
            if start >= position:
                told += (data[position:start], MASK)
            position = max(position, end)
        if position < until:
            told.append(data[position:until])
        self._held = data[until:]
        self._covered = max(0, position - until)
        if until:
            self._at_line_start = data[until - 1 : until] == b"\n"
        return told[0] if len(told) == 1 else b"".join(told)


class _Forms:
    """The variants to look for. One that holds another is only looked for where the other was found."""

    def __init__(self, variants: frozenset[bytes]) -> None:
        roots = _without_holders(variants) if len(variants) <= _MAX_COMPARED else variants
        self._holders = {root: [item for item in variants - roots if root in item] for root in roots}
        self._samples = Samples(roots)

    def find(self, data: bytes) -> list[Span]:
        found: list[Span] = []
        for root in self._samples.suspects(data):
            spans = list(_occurrences(data, root))
            if spans:
                found += spans
                found += [span for holder in self._holders[root] for span in _occurrences(data, holder)]
        return found


def _without_holders(variants: frozenset[bytes]) -> frozenset[bytes]:
    roots: list[bytes] = []
    for variant in sorted(variants, key=len):
        if not any(root in variant for root in roots):
            roots.append(variant)
    return frozenset(roots)


def _occurrences(data: bytes, variant: bytes) -> Iterator[Span]:
    """All places; of those that overlap at equal distances only the whole: in `aaaa…` each byte would begin one."""
    size = len(variant)
    start = data.find(variant)
    while start >= 0:
        end = start + size
        overlapping = data.find(variant, start + 1, end + size - 1)
        if overlapping > 0:
            distance = overlapping - start
            rest = variant[-distance:]
            end += distance
            while data.startswith(rest, end):
                end += distance
        yield start, end
        start = data.find(variant, end - size + 1)


def _whole_lines(data: bytes, value: bytes, *, at_line_start: bool, at_end: bool) -> Iterator[Span]:
    for start in _line_starts(data, value, at_line_start=at_line_start):
        end = start + len(value)
        rest = data[end : end + 2]
        if rest[:1] == b"\n" or rest == b"\r\n" or (at_end and rest in (b"", b"\r")):
            yield start, end


def _line_starts(data: bytes, value: bytes, *, at_line_start: bool) -> Iterator[int]:
    if at_line_start and data.startswith(value):
        yield 0
    newline = data.find(b"\n" + value)
    while newline >= 0:
        yield newline + 1
        newline = data.find(b"\n" + value, newline + 1)


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _replace(data: bytes, spans: list[Span]) -> bytes:
    told: list[bytes] = []
    position = 0
    for start, end in spans:
        told += (data[position:start], MASK)
        position = end
    return b"".join((*told, data[position:])) if told else data


def _long_beginning(data: bytes, variant: bytes) -> Iterator[int]:
    """The first place from which all of the rest is a beginning of the variant, if it is a long one."""
    size = len(data)
    start = data.find(variant[:_PREFIX_BYTES], max(0, size - len(variant) + 1))
    while start >= 0:
        if variant.startswith(data[start:]):
            yield start
            return
        start = data.find(variant[:_PREFIX_BYTES], start + 1)


_NO_SECRETS = Masker(())
