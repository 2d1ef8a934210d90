"""What is started for an action."""

from pathlib import Path

import yaml

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Installation
from apps.runtimes.launch import executable_of, launch_of

CORE = Path(__file__).resolve().parents[3] / "packs/core"
PACK = Path("/packs/acme/0123")
ENTRY_POINT = PACK / "actions/resize.py"


def definition(name: str) -> RuntimeDefinition:
    return RuntimeDefinition.from_json(yaml.safe_load((CORE / f"runtimes/{name}.yaml").read_text()))


def test_python_starts_the_environments_interpreter_with_the_wrapper() -> None:
    launch = launch_of(
        definition("python"),
        installation=Installation("3.11.7", "/usr/bin/python3.11"),
        runtime_dir=CORE,
        pack_dir=PACK,
        entry_point=ENTRY_POINT,
        function="main",
        env_dir=Path("/envs/acme/.generations/python-0-1"),
    )
    wrapper = str(CORE / "runtimes/wrappers/python.py")
    python = "/envs/acme/.generations/python-0-1/bin/python"
    assert launch.argv == (python, wrapper, str(ENTRY_POINT), "main")
    assert launch.server == (python, str(CORE / "runtimes/servers/python.py"), wrapper)
    assert launch.path == ("/envs/acme/.generations/python-0-1/bin",)
    assert launch.env == {}


def test_shell_starts_the_action_itself_and_has_the_wrapper_in_bash_env() -> None:
    launch = launch_of(
        definition("shell"),
        installation=Installation("5.2", "/usr/bin/bash"),
        runtime_dir=CORE,
        pack_dir=PACK,
        entry_point=PACK / "actions/a.sh",
    )
    assert launch.argv == ("/usr/bin/bash", str(PACK / "actions/a.sh"))
    assert launch.server is None
    assert launch.env == {"BASH_ENV": str(CORE / "runtimes/wrappers/shell.sh")}
    assert launch.path == ()


def test_a_folder_with_braces_in_its_name_is_no_template() -> None:
    launch = launch_of(
        definition("shell"),
        installation=Installation("5.2", "/usr/bin/bash"),
        runtime_dir=CORE,
        pack_dir=PACK,
        entry_point=Path("/packs/{wrapper}/a.sh"),
    )
    assert launch.argv[1] == "/packs/{wrapper}/a.sh"


def test_without_an_environment_the_base_interpreter_runs_actions() -> None:
    installation = Installation("5.2", "/usr/bin/bash")
    assert executable_of(definition("shell"), installation=installation, env_dir=None) == Path("/usr/bin/bash")
