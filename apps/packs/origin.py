"""Where a version of a pack came from: told to people, and asked again by an upgrade."""

from dataclasses import asdict, dataclass

from apps.core.types import JsonObject
from apps.packs.sources.address import Kind, Source

#: Of an ad-hoc pack, made through the API.
API = "api"


@dataclass(frozen=True)
class Origin:
    """`kind` is that of a source, `api`, or empty where nobody knows. `text` says it to people, with the commit of git;
    `address` and `ref` are how it was asked for: an index's name, a branch."""

    kind: str = ""
    text: str = ""
    commit: str = ""
    address: str = ""
    ref: str = ""

    @property
    def is_ad_hoc(self) -> bool:
        return self.kind == API

    @property
    def source(self) -> Source | None:
        """What an upgrade asks again; None where it is nowhere to be found any more."""
        if self.kind not in (Kind.PATH, Kind.ARCHIVE, Kind.GIT, Kind.INDEX):
            return None
        return Source(Kind(self.kind), self.address, self.ref)

    def as_json(self) -> JsonObject:
        """What is kept beside `text` and `commit`, which have columns of their own."""
        return {name: value for name, value in asdict(self).items() if name in ("kind", "address", "ref") and value}
