import resource
from pathlib import Path

from apps.runner.order import active_limits, build_order
from apps.runner.spec import Limits, RunAs, RunSpec


def environment_of(spec: RunSpec) -> dict[bytes, bytes]:
    return dict(pair.split(b"=", 1) for pair in build_order(spec).environment)


def spec(**changes: object) -> RunSpec:
    fields: dict[str, object] = {
        "name": "7-1",
        "argv": ("/bin/true", "ä"),
        "env": {"LANG": "C", "HOME": "/root"},
        "work_root": Path("/work-root"),
    }
    return RunSpec(**(fields | changes))  # type: ignore[arg-type]


def test_the_environment_is_the_callers_and_the_folders_of_the_run() -> None:
    assert environment_of(spec()) == {
        b"LANG": b"C",
        b"HOME": b"/work-root/7-1",
        b"TMPDIR": b"/work-root/7-1",
        b"ATTUNE_RESULT_FD": b"3",
        b"ATTUNE_ERROR_FD": b"4",
    }


def test_second_inputs_are_named_where_there_are_any() -> None:
    environment = environment_of(spec(side_input=b"x", input_file=b"y"))

    assert environment[b"ATTUNE_ASSIGNMENTS_FD"] == b"5"
    assert environment[b"ATTUNE_INPUT_FILE"] == b"/work-root/7-1/input"


def test_an_order_holds_no_input() -> None:
    encoded = build_order(
        spec(stdin=b"hunter2", side_input=b"hunter2", input_file=b"hunter2", secrets=(b"hunter2",)),
    ).encode()

    assert b"hunter2" not in encoded


def test_core_dumps_are_always_off_and_other_limits_as_asked() -> None:
    limits = Limits(open_files=64, file_size_bytes=1000, cpu_s=3, processes=9, address_space_bytes=None)
    order = build_order(spec(limits=limits, run_as=RunAs(uid=1, gid=2)))

    assert set(order.rlimits) == {
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_FSIZE, 1000, 1000),
        (resource.RLIMIT_CPU, 3, 8),
        (resource.RLIMIT_NPROC, 9, 9),
    }
    assert order.run_as == (1, 2)


def test_without_a_limit_of_open_files_the_action_gets_the_workers() -> None:
    order = build_order(spec(limits=Limits(open_files=None)))

    assert (resource.RLIMIT_NOFILE, *resource.getrlimit(resource.RLIMIT_NOFILE)) in order.rlimits


def test_active_limits_are_named() -> None:
    assert active_limits(Limits()) == ("core", "open_files")
    assert active_limits(Limits(open_files=None, cpu_s=1)) == ("core", "cpu_s")
