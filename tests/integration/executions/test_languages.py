"""One action in every language, on a real worker: the same document for the same parameters and secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from apps.executions.models import Execution
from apps.executions.run import run_execution
from apps.executions.services.request import Wish, request_executions
from apps.keys.owners import SYSTEM
from apps.keys.services import set_key
from apps.packs.services.install import install_pack
from apps.runner.warden_client import Warden
from apps.runtimes.services import known_runtimes
from apps.workers.capabilities import find_capabilities
from apps.workers.host import Host
from apps.workers.intake import Intake
from tests.factories import make_worker
from tests.integration.runtimes.languages import refuse_without
from tests.people import People

LANGUAGES = ("python", "shell", "node", "ruby", "perl", "php", "java", "native", "go")
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
