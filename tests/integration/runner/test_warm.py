"""Warm servers: actions that cannot tell a warm start from a cold one, and servers that die, refuse or are not needed.

What a run owes to nobody in particular (signals, limits, descendants, lost wardens) is tested both ways in the other
files of this folder.
"""

import json
import os
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.runner.control import RunControl
from apps.runner.loglayout import Stream
from apps.runner.logread import LogReader
from apps.runner.outcome import Ended, RunResult, StopReason
from apps.runner.output import LogChunk
from apps.runner.spec import Limits, RunAs, RunSpec, WarmServer
from apps.runner.warden import tree
from apps.runner.warden.servers import Servers
from apps.runner.warden_client import Warden
from apps.runner.warm import order_of_server
from tests.integration.runner.bench import PYTHON, RUNTIMES, Bench, read_pids, warm_server
from tests.waiting import is_running, wait_for

WRAPPER = str(RUNTIMES / "wrappers/python.py")
NOBODY = RunAs(uid=65534, gid=65534)

#: a Python action that tells everything it can see of how it was started
TELL = Path(__file__).with_name("telling_action.py").read_text()


#: Scripts and functions that end, or begin something, each in a way of its own.
ENDS = [
    "def run(): raise ValueError('x')",
    "def run():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        raise KeyError('y')",
    "import sys\ndef run(): sys.exit('bye')",
    "import os\ndef run():\n    print('lost?')\n    os._exit(4)",
    "import os, signal\ndef run(): os.kill(os.getpid(), signal.SIGSEGV)",
    "def run(): raise KeyboardInterrupt",
    "import os, signal\nos.kill(os.getpid(), signal.SIGINT)",
    "import os\ndef run(): os.abort()",
    "import atexit\ndef run():\n    atexit.register(print, 'at the end')\n    raise SystemExit(3)",
    "import atexit, os\nf = open('out', 'w')\nf.write('kept')\natexit.register(lambda: print(os.path.getsize('out')))",
    "class Late:\n    def __del__(self): print('gone')\nlate = Late()",
    "import threading, time\ndef late():\n    time.sleep(0.05)\n    print(1)\nthreading.Thread(target=late).start()",
    "import threading\ndef run():\n    t = threading.Thread(target=lambda: 1 / 0)\n    t.start()\n    t.join()",
    "import sys\nsys.excepthook = lambda *a: print('mine', a[0].__name__)\n1 / 0",
    "import sys\nsys.stdout.write('no newline')",
    "import subprocess\ndef run(): return subprocess.run(['sh', '-c', 'cat; exit 5']).returncode",
    "import subprocess, sys\nprint(subprocess.check_output([sys.executable, '-c', 'print(1)']))",
    "import sys\nsys.stdin.read()\nprint(repr(sys.stdin.read()))",
    "import asyncio\nasync def run():\n    p = await asyncio.create_subprocess_exec('true')\n    return await p.wait()",
    (
        "import multiprocessing\ndef run():\n"
        "    with multiprocessing.get_context('fork').Pool(2) as pool:\n        return pool.map(abs, [-1, -2])"
    ),
    "import os\ndef run():\n    pid = os.fork()\n    if not pid: os._exit(7)\n    return os.waitpid(pid, 0)[1]",
    "import os\ndef run():\n    try: os.wait()\n    except ChildProcessError: return 'none'",
    (
        "import signal, os\ndef run():\n"
        "    signal.signal(signal.SIGCHLD, lambda *_: print('child'))\n    return os.system('exit 3')"
    ),
    "def run(:",
    "import sys\nsys.stderr.write('ü\\udc80')",
    "import warnings\nwarnings.warn('careful')",
    "def run():\n    def deep(n): return n and 1 + deep(n - 1)\n    return deep(900)",
    "import json, os\njson.kept = os.fdopen(os.dup(1), 'w')\njson.kept.write('kept where the server is')",
    "import json\nclass Late:\n    __slots__ = ()\n    def __del__(self): print('gone')\njson.late = Late()",
    "import json\nclass Late:\n    def __del__(self): print('gone')\njson.late = Late()",
    "import json\ndef late():\n    try: yield\n    finally: print('closed')\njson.late = late()\nnext(json.late)",
    (
        "import json, weakref\nclass Late: pass\njson.late = Late()\n"
        "json.heard = weakref.ref(json.late, lambda _: print('gone'))"
    ),
    "class Kind(type):\n    def __del__(cls): print('gone')\nclass Late(metaclass=Kind): pass",
    "import ctypes\nctypes.CDLL(None).printf(b'buffered by C')",
    "import sys\nsys.__stdout__.write('to the first one')",
    "import sys\nsys.stdout.close()",
    "import os, sys\nsys.stdout.write('lost')\nos.close(1)",
    "import subprocess, sqlite3, logging\nlogging.warning('careful')\ndef run(): return 1",
    "import sqlite3\nimport json\njson.base = sqlite3.connect('base')\njson.base.execute('pragma journal_mode=wal')",
]


@pytest.fixture
def own_warden() -> Iterator[Warden]:
    warden = Warden(silence_s=3600, most_servers=2)
    warden.start()
    yield warden
    warden.close()


class Actions:
    """Python actions of one folder, as a worker would run them."""

    def __init__(self, bench: Bench, *, python: str = PYTHON) -> None:
        self.bench = bench
        self.python = python
        self.folder = bench.folder / "pack" / "actions"
        self.folder.mkdir(parents=True)
        (self.folder.parent / "lib").mkdir()

    @property
    def lib(self) -> Path:
        return self.folder.parent / "lib"

    def server(self, *modules: str, idle_s: float = 300) -> WarmServer:
        return warm_server(*modules, python=self.python, lib=self.lib, idle_s=idle_s)

    def run(self, source: str, *, warm: WarmServer | None, parameters: Any = None, **changes: Any) -> RunResult:
        file = self.folder / "act.py"
        file.write_text(source)
        changes.setdefault("stdin", json.dumps({"parameters": parameters or {}}).encode())
        changes.setdefault("env", {"PATH": "/usr/local/bin:/usr/bin:/bin", "ATTUNE_PACK_DIR": str(self.folder.parent)})
        return self.bench.run(self.python, WRAPPER, str(file), warm=warm, **changes)

    def warm(self, source: str, *modules: str, **changes: Any) -> RunResult:
        result = self.run(source, warm=self.server(*modules), **changes)
        assert result.is_warm
        return result

    def value(self, source: str, *modules: str, **changes: Any) -> Any:
        result = self.warm(source, *modules, **changes)
        assert result.exit_code == 0, result.stderr_tail
        return json.loads(result.result_bytes or b"null")


@pytest.fixture
def bench(warden: Warden, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(warden=warden, folder=tmp_path)
    yield bench
    assert list(bench.work_root.iterdir()) == [], "a work directory was left behind"


@pytest.fixture
def actions(bench: Bench) -> Actions:
    return Actions(bench)


@pytest.fixture
def own(own_warden: Warden, tmp_path: Path) -> Actions:
    """With a warden that a test may mistreat."""
    return Actions(Bench(warden=own_warden, folder=tmp_path))


def servers_of(warden: Warden) -> list[int]:
    """Pids of its warm servers."""
    assert warden.pid is not None
    found = []
    for pid in tree.children(warden.pid):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [pid] if name == "attune-warm" else []
    return found


# ── nobody can tell ──


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LANG": "C"},
        {"PYTHONUTF8": "1"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=str,
)
def test_an_action_sees_no_difference(bench: Bench, actions: Actions, environment: dict[str, str]) -> None:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environment}
    server = WarmServer(argv=actions.server().argv, env=path)
    told = []
    for warm in (None, server):
        limits = Limits(cpu_s=50, file_size_bytes=10**9, open_files=100)
        result = actions.run(
            TELL,
            warm=warm,
            env={**path, "LAST": "x", "EARLY": "y"},
            name="same",
            limits=limits,
            log_dir=bench.folder / "log",
        )
        assert result.exit_code == 0, result.stderr_tail
        assert result.is_warm is (warm is not None)
        told.append(json.loads(result.result_bytes or b""))

    assert told[1] == told[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of other users")
def test_nor_does_one_of_another_user(bench: Bench, actions: Actions) -> None:
    for folder in (bench.folder, *bench.folder.parents[:-2]):
        folder.chmod(0o711)
    (actions.folder / "act.py").touch(0o644)
    told = []
    for warm in (None, actions.server()):
        result = actions.run(TELL, warm=warm, name="same", run_as=NOBODY, log_dir=bench.folder / "log")
        assert result.exit_code == 0, result.stderr_tail
        told.append(json.loads(result.result_bytes or b""))

    assert told[1] == told[0]
    assert told[1]["status"]["Uid"].split() == ["65534"] * 4


@pytest.mark.parametrize("source", ENDS)
def test_every_end_is_that_of_a_cold_start(actions: Actions, source: str) -> None:
    seen = []
    for warm in (None, actions.server()):
        log_dir = actions.bench.folder / "logs" / ("cold" if warm is None else "warm")
        result = actions.run(source, warm=warm, name="same", log_dir=log_dir)
        assert result.is_warm is (warm is not None)
        error = json.loads(result.error_bytes) if result.error_bytes else None
        output = b"".join(LogReader(log_dir).everything(Stream.STDOUT)), result.stderr_tail
        seen.append((result.ended, result.exit_code, result.signal, result.result_bytes, error, output, result.oom))

    assert seen[1] == seen[0]


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(0)", "raise ValueError('x')", "raise SystemExit(3)"])
def test_what_a_preloaded_module_came_to_hold_is_closed_at_the_end(actions: Actions, end: str) -> None:
    (actions.lib / "shared.py").write_text("held = []\ndef hold(file): held.append(file)")
    source = f"import shared\nshared.hold(open('/dev/stdout', 'w'))\nshared.held[0].write('kept')\n{end}"
    actions.warm(source, "shared")

    assert actions.bench.log() == b"kept"


def test_limits_hold(actions: Actions) -> None:
    cpu = actions.warm("def run():\n    while True: pass", limits=Limits(cpu_s=1))
    memory = actions.warm(
        "def run(): return len(bytearray(900_000_000))", limits=Limits(address_space_bytes=400_000_000)
    )

    assert (cpu.ended, cpu.signal) == (Ended.SIGNALED, signal.SIGXCPU)
    assert (memory.exit_code, json.loads(memory.error_bytes)["type"]) == (1, "MemoryError")


def test_a_timeout_and_a_cancel_end_it_by_term(actions: Actions) -> None:
    waits = "import signal, time\ndef run():\n    {}\n    print('ready')\n    time.sleep(1000)"
    catches = "signal.signal(signal.SIGTERM, lambda *_: exit(5))"
    for timeout_s in (0.5, 5, 50):  # a busy machine starts it late
        caught = actions.warm(waits.format(catches), timeout_s=timeout_s)
        if actions.bench.log() == b"ready\n":
            break
    plain = actions.warm(waits.format("pass"), timeout_s=0.2)

    assert (caught.ended, caught.exit_code) == (Ended.TIMEOUT, 5)
    assert (plain.ended, plain.signal) == (Ended.TIMEOUT, signal.SIGTERM)


def test_stops_at_any_moment_are_heard(actions: Actions) -> None:
    actions.warm("pass")
    for number in range(40):
        control = RunControl()
        timer = threading.Timer(number * 0.0003, control.stop, [StopReason.CANCELED])
        timer.start()
        result = actions.run("import time\ntime.sleep(1000)", warm=actions.server(), control=control, grace_s=30)
        timer.join()

        assert result.ended is Ended.STOPPED
        assert result.signal in (None, signal.SIGTERM)


def test_what_it_leaves_behind_is_killed(actions: Actions) -> None:
    pids = actions.bench.folder / "pids"
    source = (
        "import subprocess\ndef run():\n"
        f"    subprocess.Popen(['setsid', 'sh', '-c', 'echo $$ >> {pids}; exec sleep 1000'])\n"
        f"    subprocess.Popen(['sh', '-c', '(setsid sh -c \"echo \\\\$\\\\$ >> {pids}; exec sleep 1000\" &)'])\n"
        f"    while len(open('{pids}', 'a+').seek(0) or open('{pids}').read().split()) < 2: pass\n"
    )
    result = actions.warm(source)

    assert result.exit_code == 0, result.stderr_tail
    assert result.killed_descendants >= 2
    assert not any(is_running(pid) for pid in read_pids(pids, 2))


def test_output_comes_as_it_is_written(actions: Actions) -> None:
    heard: list[LogChunk] = []
    fifo = actions.bench.folder / "fifo"
    os.mkfifo(fifo)
    source = f"def run():\n    print('first')\n    open('{fifo}').read()"
    actions.warm("pass")
    thread = threading.Thread(target=actions.warm, args=(source,), kwargs={"on_output": heard.append})
    thread.start()
    wait_for(lambda: [chunk.data for chunk in heard] == [b"first\n"])
    fifo.write_text("")
    thread.join(60)


def test_much_output_and_a_large_input_arrive_whole(actions: Actions) -> None:
    source = "import sys\ndef run(x):\n    for _ in range(50): sys.stdout.write('y' * 1_000_000)\n    return len(x)"
    result = actions.warm(source, parameters={"x": "z" * 3_000_000})

    assert (result.result_bytes, result.stdout.total_bytes) == (b"3000000", 50_000_000)


def test_twenty_at_once_do_not_disturb_each_other(actions: Actions) -> None:
    actions.warm("def run(n): return n")
    results: dict[int, RunResult] = {}

    def start(number: int) -> None:
        stdin = json.dumps({"parameters": {"n": number}}).encode()
        file = str(actions.folder / "act.py")
        env = {"PATH": "/bin", "NUMBER": str(number)}
        results[number] = actions.bench.run(PYTHON, WRAPPER, file, stdin=stdin, env=env, warm=actions.server())

    threads = [threading.Thread(target=start, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert {number: result.result_bytes for number, result in results.items()} == {n: b"%d" % n for n in range(20)}


def test_two_forks_draw_different_numbers(actions: Actions) -> None:
    source = (
        "import random, uuid, os, tempfile\ndef run(): return [random.random(), str(uuid.uuid4()), tempfile.mktemp()]"
    )
    first, second = (actions.value(source, "random", "uuid", "tempfile") for _ in range(2))

    assert not set(first) & set(second)


def test_what_a_module_remembers_of_the_server_is_not_the_actions(actions: Actions) -> None:
    (actions.lib / "shared.py").write_text("import tempfile\nfolder = tempfile.gettempdir()")
    source = "import os, shared, tempfile\ndef run(): return tempfile.gettempdir() == os.environ['TMPDIR']"

    assert actions.value(source, "shared") is True


def test_a_temporary_folder_that_a_module_chose_stays_so(actions: Actions) -> None:
    (actions.lib / "shared.py").write_text("import tempfile\ntempfile.tempdir = '/var/tmp'")

    assert actions.value("import shared, tempfile\ndef run(): return tempfile.gettempdir()", "shared") == "/var/tmp"


def test_what_a_module_writes_to_the_stdout_it_kept_comes_in_turn_and_at_once(actions: Actions) -> None:
    (actions.lib / "shared.py").write_text("import sys\nkept = sys.stdout")
    source = "import os, shared\nprint('one', file=shared.kept)\nprint('two')\nprint(3, file=shared.kept)\nos._exit(0)"
    actions.warm(source, "shared")

    assert actions.bench.log() == b"one\ntwo\n3\n"


def test_what_a_module_does_to_the_environment_is_done_for_the_action(actions: Actions) -> None:
    (actions.lib / "shared.py").write_text(
        "import os\nos.environ['PATH'] = '/opt/x:' + os.environ['PATH']\n"
        "os.environ['NEW'] = 'y'\nos.environ.pop('LANG', 0)"
    )
    source = "import shared, os\ndef run(): return [os.environ.get(name) for name in ('PATH', 'NEW', 'LANG', 'MINE')]"
    server = actions.server("shared")
    seen = []
    for warm in (None, WarmServer(argv=server.argv, env={**server.env, "LANG": "C"})):
        env = {**server.env, "LANG": "C", "MINE": "z", "ATTUNE_PACK_DIR": str(actions.lib.parent)}
        result = actions.run(source, warm=warm, env=env)
        assert result.is_warm is (warm is not None)
        seen.append(result.result_bytes)

    assert seen[1] == seen[0]


# ── the server ──


def test_modules_of_the_pack_are_imported_before(actions: Actions) -> None:
    (actions.lib / "shared.py").write_text("import os\nborn_in = os.getpid()\nhome = os.environ['HOME']")
    source = "import os, shared\ndef run(): return [shared.born_in, os.getpid(), shared.home, os.environ['HOME']]"
    born_in, pid, *homes = actions.value(source, "shared")

    assert born_in in servers_of(actions.bench.warden)
    assert born_in != pid
    assert len(set(homes)) == 2


def test_the_server_never_sees_an_input(actions: Actions) -> None:
    secret = "canary-8-xyzzy"
    document = {"parameters": {"x": secret}, "secrets": {"key": secret}}
    for _ in range(3):
        actions.value("def run(x): return [x, get_secret('key')]", stdin=json.dumps(document).encode())

    for server in servers_of(actions.bench.warden):
        if os.geteuid() != 0:  # the kernel lets nobody else look
            with pytest.raises(PermissionError):
                memory_of(server)
            continue
        assert secret.encode() not in memory_of(server)
        assert secret not in Path(f"/proc/{server}/environ").read_text()


def memory_of(pid: int) -> bytes:
    """All that the process can write to."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if rights.startswith("rw"):
                first, last = (int(number, 16) for number in span.split("-"))
                memory.seek(first)
                found.append(memory.read(last - first))
    return b"".join(found)


def test_a_file_beside_the_action_goes_before_what_was_imported(actions: Actions) -> None:
    (actions.lib / "shared.py").write_text("where = 'lib'")
    actions.value("def run(): pass", "shared")
    (actions.folder / "shared.py").write_text("where = 'beside'")

    assert actions.value("import shared\ndef run(): return shared.where", "shared") == "beside"


def test_a_changed_file_makes_a_new_server(own: Actions) -> None:
    (own.lib / "shared.py").write_text("value = 1")
    source = "import shared\ndef run(): return shared.value"
    assert own.value(source, "shared") == 1
    (own.lib / "shared.py").write_text("value = 'two'")

    def value() -> Any:
        result = own.run(source, warm=own.server("shared"))
        return result.is_warm and json.loads(result.result_bytes or b"")

    wait_for(lambda: value() == "two", what="the new file, warm")


def test_a_change_that_leaves_size_and_time_as_they_were_is_one(own: Actions) -> None:
    (own.lib / "shared.py").write_text("value = 1")
    os.utime(own.lib / "shared.py", (10**9, 10**9))  # as in archives that say nothing of when they were made
    source = "import shared\ndef run(): return shared.value"
    own.bench.waits = False

    def value() -> Any:
        result = own.run(source, warm=own.server("shared"))
        return result.is_warm and json.loads(result.result_bytes or b"")

    wait_for(lambda: value() == 1, what="the server")
    (own.lib / "shared.py").write_text("value = 2")
    os.utime(own.lib / "shared.py", (10**9, 10**9))

    wait_for(lambda: value() == 2, what="the new file, warm")


def test_a_file_that_changes_while_it_is_imported_is_imported_anew(own: Actions) -> None:
    (own.lib / "shared.py").write_text("value = 1\nopen(__file__, 'w').write(\"value = 'two'\")")
    own.bench.waits = False
    warm = own.server("shared")

    def start() -> RunResult:
        return own.run("import shared\ndef run(): return shared.value", warm=warm)

    own.run("pass", warm=warm)
    wait_for(lambda: (own.lib / "shared.py").read_text() == "value = 'two'", what="the server's import")

    def is_warm() -> bool:
        result = start()
        assert result.result_bytes == b'"two"'
        return result.is_warm

    wait_for(is_warm, what="the new file, warm")


def test_a_server_that_hangs_in_an_import_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = f"echo $$ > {tmp_path}/pid; exec sleep 1000"
    (tmp_path / "slow.py").write_text(f"import subprocess\nsubprocess.run(['sh', '-c', '{program}'])")
    server = warm_server("slow", lib=tmp_path)
    order = order_of_server(RunSpec(name="1-1", argv=("/bin/true",), env={}, work_root=tmp_path, warm=server))
    assert order is not None
    servers = Servers(most=1, poll=select.poll())
    servers.start(order.key, order.order)
    (hangs,) = read_pids(tmp_path / "pid", 1)
    assert servers.hear(set()) == []
    monkeypatch.setattr("apps.runner.warden.servers._IMPORT_PATIENCE_S", 0.0)
    (told,) = servers.hear(set())

    assert b"not imported within" in told
    (pid,) = servers.pids
    os.waitpid(pid, 0)
    wait_for(lambda: not is_running(hangs), what="the end of what it had started")
    servers.start(order.key, order.order)
    assert servers.pids == {pid}, "it was started again at once"


def test_an_idle_server_ends(own: Actions) -> None:
    own.bench.waits = False
    own.run("pass", warm=own.server(idle_s=0.01))
    wait_for(lambda: servers_of(own.bench.warden))
    wait_for(lambda: not servers_of(own.bench.warden), what="its end")

    assert own.run("def run(): return 1", warm=None).result_bytes == b"1"


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()", "thread"),
        ("import socket\nheld = socket.socket()", "descriptor"),
        ("import subprocess\nheld = subprocess.Popen(['sleep', '1000'])", "process"),
        ("import os\nos.system('setsid sleep 1000 &')", "process"),
        ("1 / 0", "ZeroDivisionError"),
        ("import sys\nsys.exit(3)", "SystemExit"),
    ],
)
def test_a_server_that_cannot_serve_says_why_and_is_left_alone(
    own: Actions, module: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    (own.lib / "bad.py").write_text(module)

    def is_told() -> bool:
        own.bench.warden.beat()
        return reason in caplog.text

    def probe() -> RunResult:
        return own.run("def run(): return 1", warm=own.server("bad"))

    own.bench.waits = False
    assert probe().result_bytes == b"1"
    wait_for(is_told, what="the reason")
    result = probe()

    assert (result.result_bytes, result.is_warm) == (b"1", False)
    wait_for(lambda: not tree.descendants(own.bench.warden.pid or 0), what="the end of it and of what it left")


def test_a_killed_server_takes_nobody_along_and_is_replaced(own: Actions) -> None:
    own.warm("pass")
    (server,) = servers_of(own.bench.warden)
    fifo = own.bench.folder / "fifo"
    os.mkfifo(fifo)
    results: list[RunResult] = []
    source = f"print('here', flush=True)\nopen('{fifo}').read()\nprint('through')"
    heard: list[LogChunk] = []
    thread = threading.Thread(target=lambda: results.append(own.run(source, warm=own.server(), on_output=heard.append)))
    thread.start()
    wait_for(lambda: heard)
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: not is_running(server))
    own.bench.forget_servers()
    again = own.warm("print(1)")
    fifo.write_text("")
    thread.join(60)

    assert (results[0].ended, results[0].exit_code, results[0].is_warm) == (Ended.EXITED, 0, True)
    assert again.exit_code == 0


def test_a_server_that_does_not_answer_is_killed_and_the_run_starts_cold(own: Actions) -> None:
    own.warm("pass")
    (server,) = servers_of(own.bench.warden)
    os.kill(server, signal.SIGSTOP)
    pids = own.bench.folder / "pids"
    result = own.run(f"import os\nopen('{pids}', 'a').write(str(os.getpid()) + ' ')", warm=own.server())

    assert (result.exit_code, result.is_warm) == (0, False)
    wait_for(lambda: not is_running(server))
    assert len(pids.read_text().split()) == 1, "it was started twice"


def test_a_killed_keeper_means_lost_and_nothing_goes_on(own: Actions) -> None:
    own.warm("pass")
    pids = own.bench.folder / "pids"
    source = (
        "import os, subprocess, time\n"
        f"subprocess.Popen(['setsid', 'sh', '-c', 'echo $$ >> {pids}; exec sleep 1000'])\n"
        f"open('{pids}', 'a').write('%d\\n%d\\n' % (os.getpid(), os.getpid()))\ntime.sleep(1000)"
    )
    results: list[RunResult] = []
    thread = threading.Thread(target=lambda: results.append(own.run(source, warm=own.server())))
    thread.start()
    found = set(read_pids(pids, 3))
    keeper = next(pid for pid in map(parent_of, found) if name_of(pid) == "attune-run")
    os.kill(keeper, signal.SIGKILL)
    thread.join(60)

    assert results[0].ended is Ended.LOST
    assert not any(is_running(pid) for pid in found)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_servers_end_with_their_warden(own: Actions) -> None:
    own.warm("pass")
    (server,) = servers_of(own.bench.warden)
    assert own.bench.warden.pid is not None
    os.kill(own.bench.warden.pid, signal.SIGKILL)

    wait_for(lambda: not is_running(server), what="the end of the server")


def test_more_kinds_than_servers_start_cold_while_those_are_in_use(own: Actions) -> None:
    for number in range(2):
        own.warm("pass", *["json"] * number)
    before = set(servers_of(own.bench.warden))
    own.bench.waits = False
    for _ in range(3):
        assert not own.run("pass", warm=own.server("json", "json")).is_warm

    assert set(servers_of(own.bench.warden)) == before


def test_an_action_that_is_quicker_than_its_supervisor_has_an_end(actions: Actions) -> None:
    actions.warm("pass")
    ended = {actions.bench.run("/bin/true", warm=actions.server()).exit_code for _ in range(100)}

    assert ended == {0}
