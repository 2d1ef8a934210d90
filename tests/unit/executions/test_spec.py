"""What becomes of a definition: which warm server may start it."""

import uuid
from pathlib import Path
from typing import Any

from apps.actions.definition import Definition
from apps.executions.document import Handed
from apps.executions.spec import Place, build_spec
from apps.executions.transitions import Claimed
from apps.runner.spec import LogLimits, RunSpec
from apps.runner.warm import order_of_server
from apps.runtimes.launch import Launch

SERVER = ("/env/bin/python", "/core/servers/python.py", "/core/wrappers/python.py")
LAUNCH = Launch(argv=("/env/bin/python", "/core/wrappers/python.py", "/p/actions/a.py"), env={}, path=(), server=SERVER)
SECRET = "hunter2-hunter2"


def spec_of(*, number: int = 7, launch: Launch = LAUNCH, idle_s: float | None = 60, **fields: Any) -> RunSpec:
    claimed = Claimed(
        id=number,
        attempt=1,
        token=1,
        action_ref="acme.a",
        pack_ref="acme",
        pack_version="1.0.0",
        pack_digest="d",
        definition_id=1,
        parameters={"number": number},
        secret_parameters_id=None,
        sealed=None,
        timeout_s=1.0,
        max_attempts=1,
        retry=None,
        retries=0,
        losses=0,
        trace_id=uuid.uuid4(),
        traceparent="",
        gate_id=None,
    )
    place = Place(
        work_root=Path("/work"),
        artifacts_dir=Path("/artifacts"),
        pack_dir=Path("/packs/acme/0123"),
        api_url="",
        api_token="",
        traceparent=f"00-{number}",
        environ={"PATH": "/bin"},
        pass_env=(),
        log=LogLimits(),
        warm_idle_s=idle_s,
    )
    definition = Definition(name="a", runtime="python", entry_point="a.py", **fields)
    return build_spec(
        claimed,
        definition,
        launch=launch,
        assignments=None,
        handed=Handed(keys={"key": SECRET}, masked=(SECRET,)),
        place=place,
    )


def key_of(spec: RunSpec) -> bytes:
    server = order_of_server(spec)
    assert server is not None
    assert SECRET.encode() not in server.order
    return server.key


def test_runs_of_one_kind_share_a_server() -> None:
    assert key_of(spec_of(number=1)) == key_of(spec_of(number=2))


def test_other_variables_or_modules_have_a_server_of_their_own() -> None:
    kinds = [spec_of(), spec_of(env={"LANG": "de"}), spec_of(preload=("yaml",)), spec_of(preload=("json",))]
    assert len({key_of(spec) for spec in kinds}) == len(kinds)


def test_only_a_server_with_modules_belongs_to_one_version_of_a_pack() -> None:
    plain, with_modules = spec_of().warm, spec_of(preload=("yaml",)).warm
    assert plain is not None
    assert with_modules is not None
    assert plain.argv == (*SERVER[:2], "60", SERVER[2], "")
    assert with_modules.argv == (*SERVER[:2], "60", SERVER[2], "/packs/acme/0123/lib", "yaml")
    assert "ATTUNE_PACK_DIR" not in plain.env
    assert with_modules.env["ATTUNE_PACK_DIR"] == "/packs/acme/0123"


def test_what_is_switched_off_or_has_no_server_starts_cold() -> None:
    no_server = Launch(argv=LAUNCH.argv, env={}, path=())
    for spec in (spec_of(warm="off"), spec_of(idle_s=None), spec_of(launch=no_server)):
        assert spec.warm is None
        assert order_of_server(spec) is None
