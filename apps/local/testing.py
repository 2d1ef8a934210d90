"""`attune pack test FOLDER`: the tests of a pack, in its environments, on this machine."""

from pathlib import Path

from apps.actions.definition import Definition
from apps.core.types import JsonObject
from apps.executions.pack_tests.plan import plan_tests
from apps.executions.pack_tests.running import TestsOfPack
from apps.local.bench import bench
from apps.local.conversation import Teller
from apps.local.opening import opened


def test(wish: JsonObject, teller: Teller) -> JsonObject:
    """`{folder}` → the report. Raises `PackInvalid` and `NoTests`."""
    with opened(Path(wish["folder"])) as pack, bench(pack, teller) as at:
        actions: list[Definition] = pack.loaded.content.get("actions", [])
        used = sorted({item.runtime for item in actions})
        manifest = pack.loaded.manifest
        programs = plan_tests(manifest, pack.folder, known=at.definitions(), used=used)
        tests = TestsOfPack(pack.folder, programs, at, teller.control, say=teller.say, output=teller.log)
        return {"ref": manifest.ref, "version": manifest.version, **tests.report()}
