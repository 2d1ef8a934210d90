"""Rows of environments: a volume that is really built on, and what the database says of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Identity
from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.environments.errors import BuildFailed, NoSuchGeneration
from apps.runtimes.environments.request import EnvironmentOnDisk, EnvironmentRequest
from apps.runtimes.environments.volume import volume_id
from apps.runtimes.models import Environment
from apps.runtimes.services import (
    build_environment,
    build_settings,
    mark_outdated,
    release_builds,
    request_environment,
)
from apps.runtimes.services.build_log import MAX_LOG_CHARS, BuildLog
from apps.runtimes.services.environments import begin_build, environment_row, fail_build
from apps.runtimes.services.rollback import NoGenerations, rollback_environment
from apps.runtimes.services.validation import validate_environment
from tests.integration.runtimes.command_runner import run_command
from tests.integration.runtimes.world import World
from tests.people import make_identity

pytestmark = pytest.mark.django_db


def build(world: World, request: EnvironmentRequest, **options: Any) -> EnvironmentOnDisk:
    return build_environment(request, settings=world.settings, worker="w1", run=run_command, **options)


@pytest.fixture
def row() -> Environment:
    return environment_row(pack_ref="acme.web", runtime="python", volume_id="v1")


# --- a build and its row --------------------------------------------------------------------------


def test_a_build_leaves_a_row_that_says_what_serves(world: World) -> None:
    built = build(world, world.request("tool==1.0\n"))
    row = Environment.objects.get()
    assert (row.pack_ref, row.runtime, row.volume_id) == ("acme.web", "python", volume_id(world.envs_dir))
    assert (row.status, row.generation, row.error, row.built_by) == ("ready", 1, "", "w1")
    assert row.packages == {"tool": "1.0", "toy": "1.0"}
    assert row.dependencies == ["tool==1.0"]
    assert (row.version, row.interpreter) == (world.installation.version, world.installation.interpreter)
    assert row.dependency_hash == built.metadata.dependency_hash
    assert "Building python-" in row.log
    assert row.started_at is not None
    assert row.installed_at == built.metadata.updated_at


def test_an_unchanged_environment_costs_one_query_and_changes_nothing(world: World) -> None:
    request = world.request("toy\n")
    build(world, request)
    before = Environment.objects.get()
    with CaptureQueriesContext(connection) as queries:
        build(world, request)
    assert len(queries) == 1
    assert Environment.objects.get().updated_at == before.updated_at


def test_a_failed_build_tells_why_and_keeps_what_it_knew_of_the_one_that_serves(world: World) -> None:
    build(world, world.request("toy==1.0\n"))
    with pytest.raises(BuildFailed):
        build(world, world.request("toy==9.0\n"))
    row = Environment.objects.get()
    assert (row.status, row.generation, row.packages) == ("failed", 1, {"toy": "1.0"})
    assert "toy==9.0" in row.error
    assert "toy==9.0" in row.log


def test_a_build_after_a_failed_one_forgets_the_failure(world: World) -> None:
    with pytest.raises(BuildFailed):
        build(world, world.request("toy==9.0\n"))
    build(world, world.request("toy==2.0\n"))
    row = Environment.objects.get()
    assert (row.status, row.error, row.packages) == ("ready", "", {"toy": "2.0"})
    assert "9.0" not in row.log


def test_an_interrupted_build_is_failed_and_says_that_it_will_be_tried_again(world: World) -> None:
    def interrupt(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_environment(world.request("toy\n"), settings=world.settings, worker="w1", run=interrupt)
    row = Environment.objects.get()
    assert row.status == "failed"
    assert "tried again" in row.error


def test_a_row_that_was_lost_is_written_again_from_the_volume(world: World) -> None:
    request = world.request("toy\n")
    build(world, request)
    Environment.objects.all().delete()
    build(world, request)
    row = Environment.objects.get()
    assert (row.status, row.generation, row.packages) == ("ready", 1, {"toy": "2.0"})


def test_a_volume_that_was_emptied_is_built_again_and_the_row_follows(world: World) -> None:
    request = world.request("toy\n")
    build(world, request)
    world.provider.remove_environment(pack_ref="acme.web", runtime="python")
    (world.envs_dir / "acme_web/.generations/.python.lock").unlink()
    build(world, request)
    assert Environment.objects.get().status == "ready"


@pytest.mark.django_db(transaction=True)
def test_a_build_leaves_the_connections_to_others_while_its_commands_run(world: World) -> None:
    held: list[bool] = []

    def run(argv: Sequence[str], **options: Any) -> int:
        exit_code = run_command(argv, **options)
        held.append(connection.connection is not None)
        return exit_code

    request = world.request("toy\n")
    build_environment(request, settings=world.settings, worker="w1", run=run)
    validate_environment(request, settings=world.settings, run=run)
    assert held == [False] * 3
    assert Environment.objects.get().validated_at is not None


def test_packs_without_dependencies_share_one_row(world: World) -> None:
    build(world, world.request(pack_ref="plain"))
    build(world, world.request(pack_ref="simple"))
    assert [row.pack_ref for row in Environment.objects.all()] == ["_base"]


def test_a_runtime_without_environments_has_no_row(world: World, shell_runtime: RuntimeDefinition) -> None:
    request = world.request(runtime=shell_runtime, installation=Installation("5.2", "/bin/bash"))
    assert build(world, request).folder is None
    assert not Environment.objects.exists()


def test_going_back_is_told_by_the_row(world: World) -> None:
    build(world, world.request("toy==1.0\n"))
    build(world, world.request("toy==2.0\n"))
    rollback_environment(world.runtime, pack_ref="acme.web", settings=world.settings)
    row = Environment.objects.get()
    assert (row.status, row.generation, row.packages) == ("ready", 1, {"toy": "1.0"})
    with pytest.raises(NoSuchGeneration):
        rollback_environment(world.runtime, pack_ref="acme.web", settings=world.settings)


def test_there_is_no_going_back_for_a_runtime_without_environments(
    world: World, shell_runtime: RuntimeDefinition
) -> None:
    with pytest.raises(NoGenerations):
        rollback_environment(shell_runtime, pack_ref="acme.web", settings=world.settings)


# --- rows alone -----------------------------------------------------------------------------------


def test_what_is_wanted_waits_and_what_is_being_built_is_left_to_its_builder(row: Environment) -> None:
    wanted = {"pack_ref": "acme.web", "runtime": "python", "volume_id": "v1"}
    fail_build(row.pk, "no luck")
    assert request_environment(**wanted).status == "pending"
    begin_build(row.pk, worker="w1")
    assert request_environment(**wanted).status == "building"
    assert request_environment(**{**wanted, "volume_id": "v2"}).pk != row.pk


def test_only_what_is_ready_becomes_outdated(row: Environment) -> None:
    names = {"pack_ref": "acme.web", "runtime": "python", "volume_id": "v1"}
    mark_outdated(**names)
    row.refresh_from_db()
    assert row.status == "pending"
    Environment.objects.update(status="ready")
    mark_outdated(**names)
    row.refresh_from_db()
    assert row.status == "outdated"


def test_the_builds_of_a_dead_worker_wait_again_and_no_others(row: Environment) -> None:
    begin_build(row.pk, worker="w1")
    assert release_builds("w2") == 0
    assert release_builds("w1") == 1
    assert release_builds("w1") == 0
    row.refresh_from_db()
    assert row.status == "pending"


def test_an_endless_reason_is_cut_and_a_nul_is_left_out(row: Environment) -> None:
    fail_build(row.pk, "a\0b" + "x" * 1_000_000)
    row.refresh_from_db()
    assert row.error.startswith("abx")
    assert len(row.error) < 100_000


def test_environments_are_seen_by_who_was_given_that_and_nobody_else(row: Environment) -> None:
    viewer = make_identity("viewer", role="sees environments", grants=("environment.view",))
    assert Environment.objects.visible_to(viewer).get() == row
    assert not Environment.objects.visible_to(make_identity("nobody")).exists()
    assert not Environment.objects.visible_to(Identity(username="gone", is_active=False)).exists()


# --- the log --------------------------------------------------------------------------------------


def test_the_first_output_makes_room_and_tells_who_builds(row: Environment) -> None:
    Environment.objects.update(log="old", error="old")
    log = BuildLog(row.pk, worker="w7")
    row.refresh_from_db()
    assert (row.log, row.status) == ("old", "pending")
    log.write(b"new\n")
    row.refresh_from_db()
    assert (row.log, row.error, row.status, row.built_by) == ("new\n", "", "building", "w7")


def test_the_newest_part_of_a_long_log_is_kept(row: Environment) -> None:
    log = BuildLog(row.pk, worker="w1")
    for number in range(40):
        log.write(f"{number:09}\n".encode() * 1024)
        log.flush()
    row.refresh_from_db()
    assert len(row.log) == MAX_LOG_CHARS
    assert row.log.endswith("000000039\n")


def test_talkative_output_is_written_in_few_pieces(row: Environment) -> None:
    log = BuildLog(row.pk, worker="w1")
    log.write(b"begin\n")
    with CaptureQueriesContext(connection) as queries:
        for _ in range(1000):
            log.write(b"line\n")
        log.flush()
    assert len(queries) < 30
    row.refresh_from_db()
    assert row.log.count("line\n") == 1000


def test_letters_cut_in_two_are_put_together_and_what_the_database_refuses_is_left_out(row: Environment) -> None:
    log = BuildLog(row.pk, worker="w1")
    for piece in ("ü".encode()[:1], "ü".encode()[1:], b"\0", b"\xff\n"):
        log.write(piece)
    log.flush()
    row.refresh_from_db()
    assert row.log == "ü\ufffd\n"


def test_settings_come_from_the_operator(settings: Any, world: World) -> None:
    settings.ATTUNE_RUNTIME_ENVS_DIR = world.envs_dir
    settings.ATTUNE_PACKAGE_INDEX_URL = "https://index"
    settings.ATTUNE_BUILD_TIMEOUT_S = 7.0
    found = build_settings()
    assert (found.envs_dir, found.index_url, found.timeout_s) == (world.envs_dir, "https://index", 7.0)
    assert replace(found, environ={}).environ == {}
