"""The same programs without Attune: what this machine can do at best."""

import json
import os
import runpy
import shutil
import subprocess
import sys
import time
import timeit
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench.broken import Broken

ROOT = Path(__file__).resolve().parents[1]
_HELLO = ROOT / "packs" / "examples" / "actions" / "hello.py"
_HELLO_NODE = ROOT / "bench" / "pack" / "actions" / "hello_node.js"


@dataclass(frozen=True)
class Command:
    """A program as a worker starts it, without the worker."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> float:
        """Seconds from start to end, with its output read. Raises CalledProcessError."""
        started = time.perf_counter()
        env = {"PATH": os.defpath, **self.env}
        subprocess.run(self.argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        return time.perf_counter() - started

    def per_second(self, count: int, *, at_once: int) -> float:
        with ThreadPoolExecutor(at_once) as pool:
            started = time.perf_counter()
            for _ in range(count):
                pool.submit(self.run)
            pool.shutdown()
            return count / (time.perf_counter() - started)


def shell_noop() -> Command:
    """What the runtime `shell` starts for `core.noop`."""
    core = ROOT / "packs" / "core"
    env = {"BASH_ENV": str(core / "runtimes" / "wrappers" / "shell.sh"), "ATTUNE_PACK_DIR": str(core)}
    return Command((shutil.which("bash") or "bash", str(core / "actions" / "noop.sh")), env)


def function_hello() -> float:
    """Seconds that the function of `examples.hello` takes by itself."""
    function = runpy.run_path(str(_HELLO))["run"]
    return timeit.timeit(lambda: function("world"), number=1000) / 1000


def python_hello(folder: Path) -> Command:
    """`examples.hello` as a file that somebody would run by hand."""
    action = _HELLO.read_text()
    file = folder / "hello.py"
    file.write_text(f'import json\n\n{action}\n\nprint(json.dumps(run("world")))\n')
    return Command((sys.executable, str(file)))  # of an environment, as packs have them


def node_hello() -> Command:
    """`bench.hello_node` as somebody would run it by hand. Raises `Broken` where Node is not installed."""
    node = shutil.which("node")
    if node is None:
        raise Broken("node is not installed")
    program = f"console.log(JSON.stringify(require({json.dumps(str(_HELLO_NODE))})({{name: 'world'}})))"
    return Command((node, "-e", program))
