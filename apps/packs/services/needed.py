"""Packs that a pack needs: whether they are installed, in a version that fits."""

from collections.abc import Collection, Iterable, Iterator

from django.db.models import F, QuerySet

from apps.core.errors import Conflict, FileError
from apps.packs.dependencies import PackDependency, known_of, way_back
from apps.packs.manifest import PackManifest
from apps.packs.models import PackVersion
from apps.packs.uses import Use, refuse_used


class DependencyMissing(Conflict):
    """A pack that this one needs is not installed, or in a version that does not fit."""

    code = "dependency_missing"


class DependencyCycle(Conflict):
    """The pack needs itself, by way of others."""

    code = "dependency_cycle"


def missing(manifest: PackManifest) -> list[PackDependency]:
    """Those that are not installed at all."""
    installed = _versions_of(needed.ref for needed in manifest.dependencies)
    return [needed for needed in manifest.dependencies if needed.ref not in installed]


def require_needed(manifest: PackManifest, *, coming: Collection[str] = ()) -> None:
    """Raises `DependencyMissing` or `DependencyCycle`, at the line of pack.yaml that names the other pack.

    Packs in `coming` are about to be installed, in a version that fits.
    """
    if not manifest.dependencies:
        return
    refuse_cycle(manifest)
    installed = _versions_of(needed.ref for needed in manifest.dependencies)
    errors = []
    for index, needed in enumerate(manifest.dependencies):
        if needed.ref in coming:
            continue
        if problem := _problem(needed, installed.get(needed.ref)):
            errors.append(FileError("pack.yaml", manifest.line("dependencies", index), problem))
    if errors:
        told = "; ".join(error.detail for error in errors)
        raise DependencyMissing(f"{manifest.ref} needs other packs: {told}.", errors=errors)


def refuse_cycle(manifest: PackManifest) -> None:
    """Raises `DependencyCycle` when packs that are installed need this one, and it needs them."""
    needs = {
        ref: [needed.ref for needed in known_of(body.get("dependencies", ()))]
        for ref, body in _serving().values_list("pack__ref", "manifest")
    }
    needs[manifest.ref] = [needed.ref for needed in manifest.dependencies]
    if way := way_back(manifest.ref, needs=needs):
        told = " → ".join(way)
        error = FileError("pack.yaml", manifest.line("dependencies"), f"the packs need each other: {told}")
        raise DependencyCycle(f"{manifest.ref} would need itself: {told}.", errors=[error])


def uses_by_packs(pack_ref: str, action_ref: str | None) -> list[Use]:
    """Other packs that need this one."""
    if action_ref is not None:
        return []
    return [_use(ref, needed) for ref, needed in _needing(pack_ref)]


def refuse_breaking(pack_ref: str, *, version: str) -> None:
    """Raises `InUse` with the packs that need this one, in what serves now and not in `version`."""
    now = _versions_of([pack_ref]).get(pack_ref)
    if now is None:
        return
    broken = [
        _use(ref, needed)
        for ref, needed in _needing(pack_ref)
        if now in needed.versions and version not in needed.versions
    ]
    refuse_used(f"The pack {pack_ref}", broken, forced=f"{version} serves all the same")


def _use(ref: str, needed: PackDependency) -> Use:
    return Use("pack", ref, f"needs {needed.text}")


def _needing(pack_ref: str) -> Iterator[tuple[str, PackDependency]]:
    rows = _serving().exclude(pack__ref=pack_ref).exclude(manifest__dependencies=None)
    for ref, body in rows.order_by("pack__ref").values_list("pack__ref", "manifest"):
        yield from ((ref, needed) for needed in known_of(body["dependencies"]) if needed.ref == pack_ref)


def _problem(needed: PackDependency, version: str | None) -> str:
    if version is None:
        return f"{needed.text} is not installed"
    return "" if version in needed.versions else f"{needed.text} is installed as {version}"


def _versions_of(wanted: Iterable[str]) -> dict[str, str]:
    return dict(_serving().filter(pack__ref__in=list(wanted)).values_list("pack__ref", "version"))


def _serving() -> "QuerySet[PackVersion]":
    return PackVersion.objects.filter(pack__current=F("pk"))
