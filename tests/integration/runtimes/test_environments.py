"""Environments of Python packs, really filled, beyond the seventeen cases."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation, detect
from apps.runtimes.environments import metadata
from apps.runtimes.environments.errors import BuildFailed, BuildTimedOut, NoSuchGeneration
from apps.runtimes.environments.locks import hold
from apps.runtimes.environments.registry import provider_named
from apps.runtimes.environments.request import BuildSettings
from apps.runtimes.environments.workshop import CommandFailed
from apps.runtimes.providers import python_packages
from tests.integration.runtimes.command_runner import run_command
from tests.integration.runtimes.world import World, python_says, toy_version

ROOT = Path(__file__).resolve().parents[3]


# --- create, look up, list, remove --------------------------------------------------------------


def test_an_environment_that_was_never_built_is_not_valid(world: World) -> None:
    assert world.provider.validate_environment(world.request("toy\n"), run=run_command)


def test_the_metadata_on_disk_tells_what_the_environment_is(world: World) -> None:
    built = world.ensure(world.request("toy==1.0\n"))
    assert built.folder is not None
    told = json.loads((built.folder / metadata.FILE_NAME).read_text())
    assert told["python_version"] == world.installation.version
    assert told["packages"] == {"toy": "1.0"}
    assert told["created_at"] == told["updated_at"]


# --- when something is built, and when not ------------------------------------------------------


def test_an_upgraded_interpreter_makes_the_environment_outdated(world: World) -> None:
    world.ensure(world.request("toy\n"))
    upgraded = Installation("3.99.0", world.installation.interpreter)
    assert world.provider.needs_update(world.request("toy\n", installation=upgraded))


def test_going_back_to_earlier_dependencies_uses_the_earlier_build(world: World) -> None:
    first = world.ensure(world.request("toy==1.0\n"))
    world.ensure(world.request("toy==2.0\n"))
    said = world.said
    assert world.ensure(world.request("toy==1.0\n")) == first
    assert world.find() == first.folder
    assert world.said == said


def test_a_lock_file_wins_over_the_requirements(world: World) -> None:
    built = world.ensure(world.request("toy\n", lock=b"toy==1.0\n"))
    assert toy_version(built) == "1.0"


def test_constraints_limit_without_installing(world: World) -> None:
    request = world.request("toy\n-c limits.txt\n")
    (request.pack_dir / "limits.txt").write_text("toy<2\ntool<2\n")
    assert world.ensure(request).metadata.packages == {"toy": "1.0"}


def test_a_wheel_inside_the_pack_is_found_by_its_relative_path(world: World) -> None:
    request = world.request("./wheels/toy-1.0-py3-none-any.whl\n")
    (request.pack_dir / "wheels").mkdir()
    wheel = "toy-1.0-py3-none-any.whl"
    (request.pack_dir / "wheels" / wheel).write_bytes((world.root / "wheelhouse" / wheel).read_bytes())
    assert toy_version(world.ensure(request)) == "1.0"


def test_a_rebuild_is_one_generation_more_of_the_same(world: World) -> None:
    request = world.request("toy\n")
    first, second = world.ensure(request), world.ensure(request, rebuild=True)
    assert (first.metadata.generation, second.metadata.generation) == (1, 2)
    assert first.metadata.dependency_hash == second.metadata.dependency_hash
    assert world.find() == second.folder


# --- apart from one another, and from everything else -------------------------------------------


def test_a_pack_that_writes_into_its_environment_changes_no_other(world: World) -> None:
    one = world.ensure(world.request("toy==1.0\n", pack_ref="acme.one"))
    two = world.ensure(world.request("toy==1.0\n", pack_ref="acme.two"))
    python_says(one, "import toy; open(toy.__file__, 'w').write('VERSION = \"spoilt\"')")
    assert (toy_version(one), toy_version(two)) == ("spoilt", "1.0")
    three = world.ensure(world.request("toy==1.0\n", pack_ref="acme.three"))
    assert toy_version(three) == "1.0"


def test_another_user_may_run_what_was_built_under_a_strict_umask(world: World) -> None:
    before = os.umask(0o077)
    try:
        built = world.ensure(world.request("toy\n"))
    finally:
        os.umask(before)
    assert built.folder is not None
    for path in (built.folder, *built.folder.parents[:3], *built.folder.rglob("*")):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o004, path


def test_nothing_of_the_build_itself_is_left(world: World) -> None:
    built = world.ensure(world.request("toy\n"))
    assert built.folder is not None
    assert not (built.folder / ".build").exists()
    assert not (built.folder / "bin/pip").exists()


def test_what_is_installed_is_compiled_already(world: World) -> None:
    built = world.ensure(world.request("toy\n"))
    assert built.folder is not None
    assert list(built.folder.glob("lib/*/site-packages/toy/__pycache__/*.pyc"))


def test_installed_programs_are_on_the_runtimes_path(world: World) -> None:
    built = world.ensure(world.request("toy\n"))
    assert built.folder is not None
    assert os.access(built.folder / "bin" / "toy-tool", os.X_OK)


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_failed_build_leaves_the_old_one_serving_and_nothing_of_its_own(world: World) -> None:
    first = world.ensure(world.request("toy==1.0\n"))
    with pytest.raises(BuildFailed, match=r"toy==9\.0"):
        world.ensure(world.request("toy==9.0\n"))
    assert world.find() == first.folder
    assert first.folder is not None
    assert world.generations() == [first.folder.name]


def test_a_requirement_nobody_can_read_is_told_in_its_words(world: World) -> None:
    with pytest.raises(BuildFailed, match="one two three"):
        world.ensure(world.request("one two three\n"))


def test_a_build_that_takes_too_long_is_stopped(world: World) -> None:
    world.timeout_s = 0.001
    with pytest.raises(BuildTimedOut):
        world.ensure(world.request("toy\n"))
    assert world.find() is None
    assert world.generations() == []


def test_an_environment_that_is_too_large_is_refused(world: World) -> None:
    provider = provider_named("virtualenv", replace(world.settings, max_bytes=1000))
    with pytest.raises(BuildFailed, match="1000"):
        provider.ensure_environment(world.request("toy\n"), run=run_command, log=world.log.append)
    assert world.generations() == []


def test_an_interpreter_that_is_gone_is_named(world: World) -> None:
    with pytest.raises(BuildFailed, match="/nowhere/python"):
        world.ensure(world.request("toy\n", installation=Installation("3.11.7", "/nowhere/python")))


def test_a_volume_that_cannot_be_written_is_named(world: World) -> None:
    world.envs_dir.write_text("a file where the folder should be")
    with pytest.raises(BuildFailed, match="runtime_envs"):
        world.ensure(world.request("toy\n"))


def test_pip_installs_where_uv_fails_and_the_log_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_uv() -> str:
        raise CommandFailed("uv is not installed.")

    monkeypatch.setattr(python_packages, "_uv_program", no_uv)
    built = world.ensure(world.request("tool==1.0\n"))
    assert toy_version(built) == "1.0"
    assert "uv is not installed. Trying once with pip" in world.said
    assert built.metadata.packages.keys() == {"pip", "tool", "toy"}


def test_an_index_that_is_dead_is_told_with_its_address_and_without_its_password(world: World) -> None:
    world.environ = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://user:s3cr3t@127.0.0.1:9/simple"}
    world.network_pauses_s = ()
    with pytest.raises(BuildFailed, match=r"127\.0\.0\.1:9") as failure:
        world.ensure(world.request("toy\n"))
    assert "s3cr3t" not in failure.value.detail + world.said


def test_secrets_of_the_worker_do_not_reach_the_code_that_a_build_runs(world: World) -> None:
    world.environ |= {
        "DATABASE_URL": "postgresql://c4nary",
        "PIP_INDEX_URL": "http://user:c4nary@127.0.0.1:9/simple",
    }
    request = world.request("./lib/nosy\n")
    nosy = request.pack_dir / "lib" / "nosy"
    nosy.mkdir(parents=True)
    backend = (
        "import os, pathlib, sys\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        f"    sys.path.insert(0, {str(ROOT)!r})\n"
        "    from tests.integration.runtimes.wheelhouse import write_wheel\n"
        f"    pathlib.Path({str(world.root)!r}, 'seen').write_text(repr(dict(os.environ)))\n"
        "    return write_wheel(pathlib.Path(folder), 'nosy', '1.0').name\n"
    )
    (nosy / "backend.py").write_text(backend)
    (nosy / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'nosy'\nversion = '1.0'\n"
    )
    world.ensure(request)
    seen = (world.root / "seen").read_text()
    assert "PATH" in seen
    assert "c4nary" not in seen


def test_an_environment_broken_by_hand_is_noticed_and_repaired_by_a_rebuild(world: World) -> None:
    request = world.request("toy\n")
    built = world.ensure(request)
    assert built.folder is not None
    for file in built.folder.glob("lib/*/site-packages/toy-*/METADATA"):
        file.unlink()
    (problem,) = world.provider.validate_environment(request, run=run_command)
    assert "toy" in problem
    world.ensure(request, rebuild=True)
    assert world.provider.validate_environment(request, run=run_command) == ()


def test_an_environment_without_its_interpreter_repairs_itself_at_the_next_request(world: World) -> None:
    request = world.request("toy\n")
    first = world.ensure(request)
    first.executable.unlink()
    assert "missing" in world.provider.validate_environment(request, run=run_command)[0]
    assert world.ensure(request).metadata.generation == 2


def test_an_environment_whose_check_fails_is_not_valid(world: World) -> None:
    request = world.request("toy\n")
    world.ensure(request)
    strict = replace(world.runtime, validate=("{interpreter}", "-c", "raise SystemExit('not today')"))
    problems = world.provider.validate_environment(replace(request, runtime=strict), run=run_command)
    assert problems == ("its check failed: not today",)


def test_spoilt_metadata_is_a_reason_to_build_anew(world: World) -> None:
    request = world.request("toy\n")
    first = world.ensure(request)
    assert first.folder is not None
    (first.folder / metadata.FILE_NAME).write_text("{")
    second = world.ensure(request)
    assert second.metadata.generation == 2
    assert world.find() == second.folder


# --- generations ----------------------------------------------------------------------------------


def test_rollback_lets_the_generation_before_serve_again(world: World) -> None:
    first = world.ensure(world.request("toy==1.0\n"))
    world.ensure(world.request("toy==2.0\n"))
    assert world.provider.rollback_environment(pack_ref="acme.web", runtime="python") == first
    assert world.find() == first.folder
    with pytest.raises(NoSuchGeneration):
        world.provider.rollback_environment(pack_ref="acme.web", runtime="python")


def test_rollback_may_name_any_complete_generation(world: World) -> None:
    request = world.request("toy\n")
    built = [world.ensure(request), world.ensure(request, rebuild=True), world.ensure(request, rebuild=True)]
    back = world.provider.rollback_environment(pack_ref="acme.web", runtime="python", generation=1)
    assert back == built[0]
    assert world.ensure(request) == built[0]
    assert world.provider.rollback_environment(pack_ref="acme.web", runtime="python", generation=3) == built[2]
    with pytest.raises(NoSuchGeneration, match="1, 2, 3"):
        world.provider.rollback_environment(pack_ref="acme.web", runtime="python", generation=4)


def test_there_is_no_going_back_where_nothing_was_built(world: World) -> None:
    with pytest.raises(NoSuchGeneration):
        world.provider.rollback_environment(pack_ref="never.there", runtime="python")


def test_cleanup_keeps_the_newest_and_the_one_that_serves(world: World) -> None:
    request = world.request("toy\n")
    built = [world.ensure(request, rebuild=True) for _ in range(4)]
    world.provider.rollback_environment(pack_ref="acme.web", runtime="python", generation=1)
    assert world.provider.cleanup(keep_recent=1) == [built[1].folder, built[2].folder]
    assert world.find() == built[0].folder
    assert len(world.generations()) == 2


def test_cleanup_leaves_what_is_in_use(world: World) -> None:
    request = world.request("toy\n")
    built = [world.ensure(request, rebuild=True) for _ in range(3)]
    assert built[0].folder is not None
    with hold(built[0].folder):
        removed = world.provider.cleanup(keep_recent=0, in_use=lambda folder: folder == built[1].folder)
        assert removed == []
        assert toy_version(built[0]) == "2.0"
    assert world.provider.cleanup(keep_recent=0) == [built[0].folder, built[1].folder]


def test_an_environment_removed_while_in_use_goes_when_its_action_has_ended(world: World) -> None:
    built = world.ensure(world.request("toy\n"))
    assert built.folder is not None
    with hold(built.folder):
        world.provider.remove_environment(pack_ref="acme.web", runtime="python")
        assert world.find() is None
        assert toy_version(built) == "2.0"
    assert world.provider.cleanup(keep_recent=5) == [built.folder]


# --- the registry ---------------------------------------------------------------------------------


def test_a_runtime_without_environments_uses_the_interpreter_of_the_host(
    world: World, shell_runtime: RuntimeDefinition
) -> None:
    provider = provider_named("none", world.settings)
    request = world.request(runtime=shell_runtime, installation=Installation("5.2", "/bin/bash"))
    built = provider.ensure_environment(request, run=run_command, log=world.log.append)
    assert (built.folder, built.executable) == (None, Path("/bin/bash"))
    assert provider.get_executable_path(request) == Path("/bin/bash")
    assert provider.validate_environment(request, run=run_command) == ()
    assert not provider.needs_update(request)
    provider.remove_environment(pack_ref="acme.web", runtime="shell")
    assert provider.list_environments() == []
    assert provider.cleanup(keep_recent=0) == []
    assert not world.envs_dir.exists()


def test_every_python_of_this_host_gets_an_environment_or_is_refused_when_it_is_detected(
    world: World, any_python: str
) -> None:
    ask = world.runtime.detect[0][1:]
    found = detect(replace(world.runtime, detect=((any_python, *ask),)), search_path=os.environ["PATH"])
    if not found.installations:
        assert "AssertionError" in found.reason
        return
    built = world.ensure(world.request("toy==1.0\n", installation=found.installations[0]))
    assert toy_version(built) == "1.0"
    assert python_says(built, "import sys; print('%d.%d.%d' % sys.version_info[:3])") == built.metadata.version


def test_a_package_comes_from_the_index_this_host_is_set_up_with(
    tmp_path: Path, python_runtime: RuntimeDefinition, installation: Installation
) -> None:
    # The only one here that needs a network of others, which may be gone for some seconds.
    world = World(tmp_path, python_runtime, installation, dict(os.environ), network_pauses_s=(2.0, 8.0))
    built = world.ensure(world.request("six==1.17.0\n"))
    assert python_says(built, "import six; print(six.__version__)") == "1.17.0"


def test_settings_keep_addresses_out_of_representations(world: World) -> None:
    settings = BuildSettings(envs_dir=world.envs_dir, environ={"A": "c4nary"}, index_url="https://c4nary@host")
    assert "c4nary" not in repr(settings)


# --- what a build can see -------------------------------------------------------------------------

_BACKEND = """
import os, sys, zipfile
def build_wheel(directory, settings=None, metadata=None):
    print("\\n".join(f"{name}={value}" for name, value in os.environ.items()), file=sys.stderr)
    for path in ("/proc/self/environ", f"/proc/{os.getppid()}/environ"):
        print(open(path, "rb").read().replace(b"\\0", b"\\n"), file=sys.stderr)
    raise SystemExit("seen")
"""


def test_code_of_a_package_that_is_built_finds_no_secret_in_its_environment(world: World) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "ATTUNE_SECRET_KEY", "ATTUNE_ENCRYPTION_KEYS", "AWS_SECRET_ACCESS_KEY"):
        world.environ[name] = "canary-of-the-worker"
    request = world.request("./spy\n")
    spy = request.pack_dir / "spy"
    spy.mkdir()
    (spy / "backend.py").write_text(_BACKEND)
    (spy / "pyproject.toml").write_text(
        '[project]\nname = "spy"\nversion = "1"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    with pytest.raises(BuildFailed):
        world.ensure(request)
    log = b"".join(world.log).decode()
    assert "HOME=" in log, "the package's code ran"
    for name in ("canary", "DATABASE_URL", "ATTUNE_", "REDIS_URL", "AWS_"):
        assert name not in log
