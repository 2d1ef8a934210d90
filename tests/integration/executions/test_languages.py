"""One action in every language, on a real worker: the same document for the same parameters and secret."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from apps.executions.models import Execution
from apps.executions.run import run_execution
from apps.executions.services.request import Wish, request_executions
from apps.keys.owners import SYSTEM
from apps.keys.services import set_key
from apps.packs.services.install import install_pack
from apps.runner.warden_client import Warden
from apps.runtimes.detect import detect
from apps.runtimes.ranges import minor_of
from apps.runtimes.services import known_runtimes
from apps.workers.capabilities import Capabilities, find_capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from tests.factories import make_worker, write_pack
from tests.integration.runtimes.languages import definition_of, refuse_without
from tests.people import People
from tests.threads import race

LANGUAGES = ("python", "shell", "node", "ruby", "perl", "php", "java", "native", "go")
#: Asked for by name: `detect` of the runtime prefers others.
_PYPY = (("pypy3", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3]); print(sys.executable)"),)
NAME = 'Zoë "\\ 😀'


@pytest.fixture(scope="module")
def warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600)
    warden.start()
    yield warden
    warden.close()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def installed(people: People, settings: LazySettings, tmp_path: Path) -> Path:
    settings.ATTUNE_PACKS_DIR = tmp_path / "packs"
    settings.ATTUNE_ARTIFACTS_DIR = tmp_path / "artifacts"
    settings.ATTUNE_RUNTIME_ENVS_DIR = tmp_path / "runtime_envs"
    folder: Path = settings.BASE_DIR / "packs"
    install_pack(folder / "core", identity=None, own=True)
    return folder


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_example_returns_the_same_document_as_all_the_others(
    language: str, people: People, installed: Path, warden: Warden, work: Path
) -> None:
    install_pack(installed / f"examples_{language}", identity=people.owner)
    capabilities = find_capabilities("default", [item for item in known_runtimes() if item.name == language])
    if not capabilities.runtimes:
        refuse_without(language, capabilities.missing[language])
    worker = make_worker("tom")
    host = Host(worker.pk, worker.name, warden, capabilities, "volume", work, Intake([]))
    set_key(SYSTEM, "example_token", value="hush-hush-hush", by=None)
    wish = Wish(action=f"examples_{language}.describe", parameters={"name": NAME, "numbers": [4, -5, 6]})
    (execution_id,) = request_executions(people.owner, [wish]).execution_ids
    run_execution(execution_id, 1, host=host)
    execution = Execution.objects.get(pk=execution_id)
    assert (execution.status, execution.error) == ("succeeded", None)
    assert execution.result == {
        "greeting": f"Hello, {NAME}!",
        "sum": 5,
        "numbers": [4, -5, 6],
        "is_first": True,
        "token_length": 14,
    }


def test_two_pythons_run_the_same_action_at_once_each_in_an_environment_of_its_own(
    people: People, installed: Path, warden: Warden, work: Path, tmp_path: Path
) -> None:
    pypy = detect(replace(definition_of("python"), detect=_PYPY), search_path=os.environ["PATH"])
    if not pypy.installations:
        refuse_without("python", f"pypy3: {pypy.reason}")
    here, other = find_capabilities("default", [definition_of("python")]).runtimes["python"][0], pypy.installations[0]
    worker = make_worker("tom")
    capabilities = Capabilities("default", {"python": [here, other]})
    host = Host(worker.pk, worker.name, warden, capabilities, "volume", work, Intake([]))
    ids: list[int] = []
    for name, found in (("new", here), ("old", other)):
        files = {
            "actions/which.yaml": "name: which\nentry_point: which.py\n",
            "actions/which.py": "import sys\ndef run():\n    return [list(sys.version_info[:2]), sys.prefix]\n",
        }
        more = f"runtimes: {{python: '{minor_of(found.version)}'}}\n"
        install_pack(write_pack(tmp_path / name, ref=name, files=files, more=more), identity=None)
        ids += request_executions(people.owner, [Wish(action=f"{name}.which")]).execution_ids
    race(2, lambda index: run_execution(ids[index], 1, host=host))
    results = [Execution.objects.get(pk=pk) for pk in ids]
    assert [row.status for row in results] == ["succeeded", "succeeded"]
    told: list[Any] = [row.result for row in results]
    assert [".".join(map(str, item[0])) for item in told] == [minor_of(here.version), minor_of(other.version)]
    assert [Path(item[1]).parents[1].name for item in told] == ["new", "old"]


def test_a_version_no_interpreter_of_the_worker_has_is_told(
    people: People, installed: Path, warden: Warden, work: Path, tmp_path: Path
) -> None:
    worker = make_worker("tom")
    capabilities = find_capabilities("default", [definition_of("shell")])
    host = Host(worker.pk, worker.name, warden, capabilities, "volume", work, Intake([]))
    install_pack(write_pack(tmp_path / "acme", more="runtimes: {shell: '>=99'}\n"), identity=None)
    (execution_id,) = request_executions(people.owner, [Wish(action="acme.deploy")]).execution_ids
    run_execution(execution_id, 1, host=host)  # as by a hint that is older than the worker's interpreter
    error = Execution.objects.get(pk=execution_id).error
    assert error is not None
    assert error["type"] == "runtime_not_here"
    assert error["message"].startswith("this worker has no shell >=99; it has ")
