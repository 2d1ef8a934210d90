"""What installing a pack would do to the one that serves, and whether it may be done."""

from dataclasses import dataclass
from enum import StrEnum

from apps.core.errors import Conflict, FileError
from apps.core.refs import safe_name
from apps.packs import semver
from apps.packs.loader import LoadedPack, RefTaken
from apps.packs.manifest import HINTS, PackManifest
from apps.packs.models import Pack, PackVersion
from apps.packs.origin import Origin
from apps.packs.reserved import RESERVED
from apps.packs.services.needed import refuse_breaking
from apps.packs.uses import refuse_used, uses_of
from apps.runtimes.models import Runtime


class VersionTaken(Conflict):
    """This version is installed with other content."""

    code = "version_taken"


class VersionLower(Conflict):
    """A higher version is installed."""

    code = "version_lower"


class PackAdHoc(Conflict):
    """The pack is an ad-hoc pack, made through the API."""

    code = "pack_ad_hoc"


class Overtaken(Conflict):
    """Another installation of the pack was faster."""

    code = "installation_overtaken"


class Change(StrEnum):
    """What it would be."""

    INSTALLED = "installed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled_back"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Wish:
    """`own` is for Attune's own packs, whose refs are reserved."""

    manifest: PackManifest
    digest: str
    origin: Origin
    force: bool = False
    own: bool = False


def serving(ref: str) -> PackVersion | None:
    """The version that serves now."""
    pack = Pack.objects.select_related("current").filter(ref=ref).first()
    return pack.current if pack else None


def change_of(wish: Wish) -> Change:
    """Raises `RefTaken`, `VersionTaken`, `VersionLower` or `PackAdHoc`, each with the line of pack.yaml, or `InUse`."""
    _refuse_taken(wish)
    current = serving(wish.manifest.ref)
    if current is None:
        return Change.INSTALLED
    if current.digest == wish.digest:
        return Change.UNCHANGED
    if current.origin.is_ad_hoc and not (wish.origin.is_ad_hoc or wish.force):
        raise PackAdHoc(
            f"{wish.manifest.ref} was made through the API; install with force to replace it and its actions."
        )
    if not (wish.force or wish.own):
        refuse_breaking(wish.manifest.ref, version=wish.manifest.version)
    return _change_of_version(wish, current)


def refuse_lost_runtimes(loaded: LoadedPack) -> None:
    """Raises `InUse` with the actions of other packs that are started in a runtime which this version does not bring
    any more."""
    ref, brought = loaded.manifest.ref, [item.name for item in loaded.content["runtimes"]]
    lost = set(Runtime.objects.filter(pack_ref=ref).exclude(name__in=brought).values_list("name", flat=True))
    used = [use for use in uses_of(ref) if use.runtime in lost] if lost else []
    refuse_used(f"The pack {ref}", used, forced=f"{loaded.manifest.version} serves all the same")


def refuse_overtaken(wish: Wish, *, seen: PackVersion | None) -> None:
    """Raises `Overtaken` when another version than `seen` serves by now, unless it is what is wished for."""
    now = serving(wish.manifest.ref)
    if wish.own or now == seen or (now is not None and now.digest == wish.digest):
        return
    what = f"{now.version} ({now.digest[:12]})" if now else "nothing"
    raise Overtaken(f"Another installation of {wish.manifest.ref} was faster: {what} serves now. Look, and ask again.")


def _refuse_taken(wish: Wish) -> None:
    ref = wish.manifest.ref
    if ref in RESERVED and not wish.own:
        detail = f"The ref {ref!r} is reserved; choose another."
        raise RefTaken(detail, errors=[_at(wish.manifest, "ref", "the ref is reserved")])
    twin = Pack.objects.installed().filter(safe_name=safe_name(ref)).exclude(ref=ref).first()
    if twin is not None:
        detail = f"{ref} has the same name on disk ({twin.safe_name}) as the installed pack {twin.ref}."
        raise RefTaken(
            detail, errors=[_at(wish.manifest, "ref", f"the installed pack {twin.ref} has this name on disk")]
        )


def _change_of_version(wish: Wish, current: PackVersion) -> Change:
    manifest = wish.manifest
    others = PackVersion.objects.filter(pack_id=current.pack_id, version=manifest.version).exclude(digest=wish.digest)
    is_same, is_lower = others.exists(), semver.is_lower(manifest.version, current.version)
    if is_lower and not wish.force:
        raise VersionLower(
            f"{manifest.ref} {current.version} is installed, which is higher than {manifest.version}; "
            "go back to an installed version by a rollback, or install with force.",
            errors=[_at(manifest, "version", f"lower than {current.version}, which is installed")],
        )
    if is_same and not wish.force:
        raise VersionTaken(
            f"{manifest.ref} {manifest.version} is installed with other content; "
            "raise the version in pack.yaml, or install with force to replace it.",
            errors=[_at(manifest, "version", "this version is installed with other content")],
        )
    if is_lower:
        return Change.DOWNGRADED
    return Change.REPLACED if is_same else Change.UPGRADED


def _at(manifest: PackManifest, name: str, detail: str) -> FileError:
    return FileError("pack.yaml", manifest.lines.get(name, 0), detail, HINTS.get(name, ""))
