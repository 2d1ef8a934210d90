"""A warm server: an interpreter that has imported what a pack declares, and forks for each start of an action.

Usage: python.py IDLE_S WRAPPER LIB MODULE…, with a socket to the warden on descriptor 3. Standard library only,
Python 3.8+. It never sees an input, so it holds no secret: those come over descriptors that only the forks read.

1. It imports the modules, and refuses to serve where that left a thread, a process or an open descriptor: forks would
   share them, and nobody would end them.
2. Before it is asked it forks a *keeper*, which forks the process of an action; both copy what memory they will need.
3. A supervisor asks over the socket, with descriptors, which are handed on. The keeper says hello, and waits for leave.
   Whoever does not hear from it in time starts cold and never gives leave, so nothing starts twice.
4. The keeper hands the order on to the action, takes in whatever ends below it, and tells. Its end waits for that of
   all below it; when its supervisor is gone it kills them. It does not mind the end of the server.
5. The action's process becomes what a cold start would have made, and runs the wrapper as `__main__`. What is not the
   wrapper, or would import something else than was imported here, is started by exec. It ends where its end can be seen
   to be nothing but the end of a process, and else as Python does.
6. The server ends when it was idle, when memory is short, when a file it imported has changed, or without its warden.
"""

import _ast  # noqa: F401  the wrapper's, as functools and json are
import _thread
import atexit
import builtins
import ctypes
import fcntl
import functools  # noqa: F401
import gc
import importlib
import io
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from _weakref import ref as weakref_of

HELLO, LEAVE, STARTED, ENDED, GONE = (
    b"hello",
    b"leave",
    struct.Struct("=ci"),
    struct.Struct("=ci"),
    struct.Struct("=cdq"),
)
READY, REFUSED, OUTDATED = b"ready 1", b"refused ", b"outdated"
FAILURE = struct.Struct("=Bi")
DESCRIPTORS, WORK_DIR, LIMITS, EXEC = 1, 3, 4, 5  # the stages of a start
NOT_STARTED = 126
TICK_MS = 5000
SPARE_AFTER_MS = 20  # not while the run that was asked for last starts, and not where another one is asked for at once
SPARE_IDLE_S = 60.0
FILE_CLOCK_NS = 20000000  # by which the times of files may lag behind
BLOCKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)  # those to a whole group are for actions
MSG_CMSG_CLOEXEC, F_DUPFD_CLOEXEC = 0x40000000, 1030  # PyPy has no names for them
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 4, 15, 36

prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = (ctypes.c_int,) + (ctypes.c_ulong,) * 4
leave = getattr(ctypes, "PyDLL", ctypes.CDLL)(None).exit  # flushes what C has buffered

STANDARD = os.path.dirname(os.__file__) + os.sep
PLAIN_FILES = (io.FileIO, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper)
HARMLESS = (io.BytesIO, io.StringIO)
weakref_type = type(weakref_of(prctl))
LOOKED_INTO = (weakref_type, type, type(sys))
HAS_COLLECTOR = 1 << 14  # Py_TPFLAGS_HAVE_GC


class Refused(Exception):
    """Forks of this process would not be what a cold start is."""


class Server:
    def __init__(self, idle_s, wrapper, lib, *modules):
        born_ns = time.time_ns() - FILE_CLOCK_NS
        self.idle_s, self.wrapper, self.lib, self.modules = float(idle_s), wrapper, lib, modules
        with open("/proc/self/cmdline", "rb") as cmdline, open("/proc/self/comm", "rb") as comm:
            self.interpreter, self.name = cmdline.read().split(b"\0")[0], comm.read().strip()
        with open("/proc/self/environ", "rb") as environ:
            given = dict(pair.split(b"=", 1) for pair in environ.read().split(b"\0") if b"=" in pair)
        self.socket = socket.socket(fileno=3)
        os.set_inheritable(3, False)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):  # pipes, so that Python's files are those of a cold start; now nobody reads them
            os.dup2(null, descriptor)
        os.close(null)
        signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
        self.imported = self.preload()
        self.spare, self.wants_spare, self.used_at = None, True, time.monotonic()
        both = ((name, (given.get(name), os.environb.get(name))) for name in (*given, *os.environb))
        self.changed = {name: (old, new) for name, (old, new) in both if old != new}
        self.on_child = signal.getsignal(signal.SIGCHLD)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for the forks
        with open(wrapper, "rb") as source:
            self.code = compile(source.read(), wrapper, "exec", 0, True)
        self.stamps = {path: stamp_before(path, born_ns) for path in self.watched()}
        self.looked_at = time.monotonic() - 1.0  # the first that asks has it look
        if is_memory_short():
            raise Refused("memory is short")
        set_name(b"attune-warm")
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # other processes of this user must not look into it, nor change it

    def preload(self):
        """Imports with the path that actions have; the top-level modules that did not come with the interpreter."""
        sys.dont_write_bytecode = True
        before, open_before = set(sys.modules), descriptors()
        is_safe = getattr(sys.flags, "safe_path", False)  # then Python puts no folder of the program in front
        if not is_safe:
            del sys.path[0]
        at = next((at for at, folder in enumerate(sys.path) if folder.endswith("-packages")), len(sys.path))
        sys.path.insert(at, self.lib)
        self.import_modules()
        sys.path.remove(self.lib)
        if not is_safe:
            sys.path.insert(0, os.path.dirname(self.wrapper))
        if threads() != 1:
            raise Refused("a preloaded module has started a thread")
        if descriptors() - open_before:
            raise Refused("a preloaded module keeps a descriptor open")
        if has_living_children():
            raise Refused("a preloaded module has started a process")
        found = {name: getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before}
        return {name: path for name, path in found.items() if path and is_foreign(path, STANDARD)}

    def import_modules(self):
        """As an action would: what it leaves behind is found, and a handler that keeps stdout writes line by line."""
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        plain = sys.stdout
        sys.stdout = open(1, "w", 1, plain.encoding, plain.errors, closefd=False)
        for name in self.modules:
            try:
                importlib.import_module(name)
            except BaseException as error:
                raise Refused("preload of %s: %s: %s" % (name, type(error).__name__, error))
        sys.stdout.flush()
        sys.stdout = plain
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        forget_temporary_folder()

    def watched(self):
        yield self.lib  # what comes into it may go before what was imported from elsewhere
        yield from self.imported.values()
        yield from (__file__, self.wrapper, os.path.realpath(sys.executable), os.path.join(sys.prefix, "pyvenv.cfg"))

    def is_outdated(self):
        if time.monotonic() - self.looked_at < 1.0:
            return False
        self.looked_at = time.monotonic()
        return any(stamp(path) != before for path, before in self.stamps.items())

    def serve(self):
        """Returns in the processes of actions only, with what they are to be."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        while True:
            if poll.poll(SPARE_AFTER_MS if self.wants_spare else TICK_MS):
                given = self.asked()
                found = self.fork(given) if self.spare is None else None
                if found is None:
                    self.hand_over(given)
            else:
                found = self.rest()
            if found is not None:
                return found

    def asked(self):
        message, given = receive(self.socket)
        if not message:
            self.retire()
        if self.is_outdated():
            close(given)  # its supervisor sees that, and starts cold
            self.socket.send(OUTDATED)
            self.retire()
        self.used_at, self.wants_spare = time.monotonic(), True
        return given

    def hand_over(self, given):
        try:
            hand(self.spare, given)
        except (OSError, AttributeError):  # it was killed, or could not be forked: as above
            pass
        close(given)
        self.forget_spare()

    def rest(self):
        """What there is time for when nobody asks."""
        if self.wants_spare:
            self.wants_spare = False
            return self.fork() if self.spare is None else None
        is_short, idle_s = is_memory_short(), time.monotonic() - self.used_at
        if is_short or idle_s >= min(self.idle_s, SPARE_IDLE_S):
            self.forget_spare()
        if is_short:
            self.retire()
        if idle_s >= self.idle_s:
            time.sleep(0.05)  # for the spare to end
            if not has_children():
                self.retire()

    def fork(self, strange=()):
        """A keeper with the process of an action, which wait for a run: most of a start is done before there is one.
        Returns something in the action only. They get no `strange` descriptors."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            is_fork = os.fork() == 0
        except OSError:
            ours.close()
        else:
            if is_fork:
                ours.close()
                self.socket.close()
                close(strange)
                return Keeper(self, theirs).keep()
            self.spare = ours
        theirs.close()

    def forget_spare(self):
        """Without a run it ends."""
        if self.spare is not None:
            self.spare.close()
            self.spare = None

    def retire(self):
        """Asked no more; stays until the last of its forks has ended, so that nobody takes them for orphans."""
        self.socket.close()
        self.forget_spare()
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            os._exit(0)


class Keeper:
    def __init__(self, server, line):
        self.server, self.line = server, line

    def keep(self):
        """Returns in the action's process only."""
        os.setsid()
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        set_name(b"attune-spare")
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # before there is a child, or its status would be lost
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        keeper = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os._exit(0)  # its supervisor sees that, and starts cold
        if pid == 0:
            ours.close()
            self.line.close()
            return Start(self.server, theirs).wait(keeper)
        try:
            theirs.close()
            self.hold(pid, ours)
        finally:
            os._exit(0)

    def hold(self, action, line):
        wakeup, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(wakeup, select.POLLIN)
        if not is_readable(self.line):
            self.rehearse()
        _, given = receive(self.line)
        if not given or not has_living_children():
            return
        self.line.close()
        set_name(b"attune-run")
        # The last is only held: its other end is not told of an end before this process has ended.
        self.supervisor, _ = socket.socket(fileno=given[0]), given[2]
        self.supervisor.send(HELLO)
        if self.supervisor.recv(16) != LEAVE:
            return
        self.hand_over((given[1], *given[3:]), line)
        self.tell(STARTED.pack(b"s", action))
        poll.register(self.supervisor, select.POLLIN)
        self.watch(action, poll, wakeup)

    def rehearse(self):
        """As the action does, see there."""
        self.supervisor, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        null = os.open(os.devnull, os.O_RDONLY)
        hand(theirs, (null,))
        close(receive(socket.socket(fileno=os.dup(self.supervisor.fileno())))[1])
        close((null,))
        theirs.close()
        self.tell(STARTED.pack(b"s", 0))
        self.tell(GONE.pack(b"g", resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, 0))
        self.supervisor.close()

    def hand_over(self, given, line):
        try:
            hand(line, given)
        except OSError:  # it has been killed, which its status tells
            pass
        close(given)
        line.close()

    def watch(self, action, poll, wakeup):
        while self.take_in(action):
            ready = [descriptor for descriptor, _ in poll.poll()]
            if wakeup in ready:
                os.read(wakeup, 4096)
            if self.supervisor.fileno() in ready:
                return kill_all_below()
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.tell(GONE.pack(b"g", usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))

    def take_in(self, action):
        """Of what ended, tells the action's end; False when nothing is left."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == action:
                    self.tell(ENDED.pack(b"e", status))
        except ChildProcessError:
            return False

    def tell(self, message):
        try:
            self.supervisor.send(message)
        except OSError:  # gone, which the poll tells too
            pass


class Start:
    """From the fork to the action's first instruction; a failure is told as one of a cold start."""

    def __init__(self, server, line):
        self.server, self.line = server, line
        self.stage = DESCRIPTORS

    def wait(self, parent):
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
        os.setsid()
        if not is_readable(self.line):
            self.rehearse()
        _, given = receive(self.line)
        if not given:
            os._exit(0)
        return self.become(*given)

    def rehearse(self):
        """Copies of memory that an action makes whatever it is: better now, when nobody waits for them."""
        rehearse()
        exec(self.server.code, {"__name__": ""})
        if self.server.frozen is not None:
            has_more_to_end()
        self.environment = dict(os.environb)
        self.limits = [(resource.RLIMIT_CORE, *resource.getrlimit(resource.RLIMIT_CORE))]
        self.take_limits()
        self.take_environment()
        signal.signal(signal.SIGCHLD, self.server.on_child)
        set_name(b"attune-spare")

    def become(self, failures, order, *given):
        try:
            failures, low = moved_up(failures), failures
            os.close(low)
            self.take_descriptors(order, given)
            self.take_order()
        except OSError as error:
            os.write(failures, FAILURE.pack(self.stage, error.errno or 0))
            os._exit(NOT_STARTED)
        except BaseException:
            os.write(failures, FAILURE.pack(self.stage, 0))
            os._exit(NOT_STARTED)
        os.close(failures)
        return self.arguments

    def take_descriptors(self, order, given):
        data = os.pread(order, os.fstat(order).st_size, 0)
        self.cwd, limits, count, *texts = data.split(b"\0")
        self.limits = [tuple(map(int, limit.split())) for limit in limits.split(b",") if limit]
        self.arguments, self.environment = (
            texts[: int(count)],
            dict(pair.split(b"=", 1) for pair in texts[int(count) :]),
        )
        high = [moved_up(descriptor) for descriptor in given]
        self.line.close()
        close((order, *given))
        for target, source in enumerate(high):
            os.dup2(source, target)
        close(high)

    def take_order(self):
        self.stage = WORK_DIR
        os.umask(0o077)
        os.chdir(self.cwd)
        self.stage = LIMITS
        self.take_limits()
        self.stage = EXEC
        signal.signal(signal.SIGCHLD, self.server.on_child)
        set_name(self.server.name)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        is_ours = self.arguments[0] == self.server.interpreter and self.arguments[1:2] == [
            os.fsencode(self.server.wrapper)
        ]
        if is_ours and not self.would_import_others():
            self.take_environment()
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
        else:
            for signum in (signal.SIGPIPE, signal.SIGXFSZ):  # ignored by Python, not by programs
                signal.signal(signum, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execve(self.arguments[0], self.arguments, self.environment)

    def take_limits(self):
        for kind, soft, hard in self.limits:
            ceiling = resource.getrlimit(kind)[1]
            if ceiling != resource.RLIM_INFINITY:
                soft, hard = min(soft, ceiling), min(hard, ceiling)
            resource.setrlimit(kind, (soft, hard))

    def take_environment(self):
        os.environb.clear()
        os.environb.update(self.environment)
        for name, (given, value) in self.server.changed.items():  # by Python itself, or by a module
            if self.environment.get(name) != given:
                continue
            if value is None:
                del os.environb[name]
            else:
                os.environb[name] = value

    def would_import_others(self):
        """A file beside the action is found before the installed package of its name."""
        if not self.server.imported:
            return False
        try:
            beside = os.listdir(os.path.dirname(os.fsdecode(self.arguments[2])))
        except OSError:
            return False
        return not {name.partition(".")[0] for name in beside}.isdisjoint(
            name.partition(".")[0] for name in self.server.imported
        )


def set_name(name):
    prctl(PR_SET_NAME, ctypes.addressof(ctypes.create_string_buffer(name)), 0, 0, 0)


def receive(server):
    message, ancillary, _, _ = server.recvmsg(16, socket.CMSG_SPACE(16 * 4), MSG_CMSG_CLOEXEC)
    found = []
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found += struct.unpack("=%di" % (len(data) // 4), data[: len(data) // 4 * 4])
    return message, tuple(found)


def is_readable(line):
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0))


def hand(line, descriptors):
    ancillary = struct.pack("=%di" % len(descriptors), *descriptors)
    line.sendmsg([b"run"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, ancillary)], socket.MSG_DONTWAIT)


def moved_up(descriptor):
    """A copy above those that the action gets."""
    return fcntl.fcntl(descriptor, F_DUPFD_CLOEXEC, 64)


def close(numbers):
    for descriptor in numbers:
        os.close(descriptor)


def has_children():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def stamp(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ctime_ns, found.st_size, found.st_ino  # nobody can set the first


def stamp_before(path, born_ns):
    """Of what was changed since `born_ns`, and so perhaps after it was imported, one that nothing is equal to."""
    try:
        is_old = not born_ns <= os.stat(path).st_ctime_ns <= time.time_ns()
    except OSError:
        is_old = True
    return stamp(path) if is_old else "changed"


def forget_temporary_folder():
    """Unless a module chose one: `tempfile` remembers the server's, and each action has its own."""
    tempfile = sys.modules.get("tempfile")
    if tempfile and tempfile.tempdir is not None:
        chosen, tempfile.tempdir = tempfile.tempdir, None
        tempfile.tempdir = None if tempfile.gettempdir() == chosen else chosen


def is_foreign(path, standard):
    return not path.startswith(standard) or "-packages" + os.sep in path[len(standard) :]


def threads():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))


def descriptors():
    return set(os.listdir("/proc/self/fd"))


def is_memory_short():
    """Less than a tenth is left, of the machine or of what this control group may have."""
    try:
        with open("/proc/meminfo") as lines:
            facts = {line.split()[0]: int(line.split()[1]) for line in lines}
        if facts["MemAvailable:"] * 10 < facts["MemTotal:"]:
            return True
        with open("/sys/fs/cgroup/memory.max") as most, open("/sys/fs/cgroup/memory.current") as current:
            used, limit = int(current.read()), most.read().strip()
        with open("/sys/fs/cgroup/memory.stat") as lines:
            cached = next(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
        return limit != "max" and (used - cached) * 10 > int(limit) * 9
    except (OSError, ValueError, KeyError, StopIteration):
        return False


def kill_all_below():
    """Patient for 5 s with what cannot be killed."""
    until = time.monotonic() + 5.0
    while has_living_children() and time.monotonic() < until:
        stopped = set()
        for _ in range(20):  # what is stopped forks no more
            fresh = below(os.getpid()) - stopped
            for pid in fresh:
                send(pid, signal.SIGSTOP)
            stopped |= fresh
            if not fresh:
                break
        for pid in stopped:
            send(pid, signal.SIGKILL)
        time.sleep(0.005)


def has_living_children():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def below(root):
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name, "rb") as stat:
                parent = int(stat.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(name))
    found, level = set(), [root]
    while level:
        fresh = children.get(level.pop(), [])
        found.update(fresh)
        level += fresh
    return found


def send(pid, signum):
    try:
        os.kill(pid, signum)
    except OSError:
        pass


def only_the_authors(hook):
    """Reports an exception without the frames of this file."""

    def report(kind, error, trace):
        sys.excepthook = hook
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        hook(kind, error, trace)

    return report


def standard_files():
    """With those that they stand on."""
    for file in (sys.stdin, sys.stdout, sys.stderr):
        yield from (file, file.buffer, getattr(file.buffer, "raw", None))


def rehearse():
    """What every action does, once: what Python makes for it at the first time is there, and shared, in the forks."""
    tree = compile("def run(a=1):\n    return a\n", "", "exec", _ast.PyCF_ONLY_AST, True)
    exec(compile(tree, "", "exec", 0, True), {})
    json.dumps(json.loads('{"parameters": {"a": [1, 1.5, "b"]}}'), ensure_ascii=False, allow_nan=False).encode()
    os.path.exists(os.path.join(os.path.splitext(os.path.dirname(os.devnull))[0], "a"))
    for file in (open(os.devnull, "w", 1, sys.stdout.encoding, sys.stdout.errors), open(os.dup(0), "rb")):
        file.close()


def end_here(frozen):
    """Ends an action that has come to its end, where Python's own end would do no more than take down what the server
    had imported: that copies half of what forks share. Returns where somebody could see a difference.

    `frozen` is how many objects forks share; None where Python's own end is wanted."""
    if frozen is None or _thread._count():
        return
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    try:
        atexit._run_exitfuncs()
    except BaseException:  # it was told
        pass
    try:
        if sees_an_end(frozen):
            return
        for file in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            file.flush()
    except BaseException:  # Python tells it, and has a status for it
        return
    leave(0)


def thaw(shared, callbacks):
    """Before Python's own end: it closes what a preloaded module has come to hold only where the collector finds it.

    It finds all that forks share then, which takes ten milliseconds and more: not where nothing was made that ends."""
    try:
        if atexit._ncallbacks() == callbacks and not sees_an_end(shared):
            return
    except BaseException:  # its stdout is none of ours, or a signal came: an action of its own kind
        pass
    if hasattr(gc, "unfreeze"):
        gc.unfreeze()


def sees_an_end(frozen):
    """Whether a thread, the collector or something that was made since the fork could see Python's end."""
    if _thread._count() or gc.get_freeze_count() > frozen or gc.callbacks or gc.get_debug():
        return True
    return has_more_to_end(sys.stdout, sys.stdout.buffer, sys.stdout.buffer.raw)


def has_more_to_end(*files):
    """Than `files`: whether anything that forks do not share gets more from Python than from the end of its process."""
    made = gc.get_objects()
    kinds = {kind for kind in set(map(type, made)) if issubclass(kind, LOOKED_INTO) or has_finalizer(kind)}
    return any(
        type(item) in kinds and has_end_of_its_own(item) and not any(item is file for file in files) for item in made
    )


def has_end_of_its_own(item):
    """Whether Python flushes it, calls it, or tells it of its end."""
    kind = type(item)
    if kind not in PLAIN_FILES and kind not in HARMLESS and has_finalizer(kind):
        return True
    if issubclass(kind, weakref_type):
        callback = item.__callback__
        return callback is not None and getattr(callback, "__module__", None) not in (None, "weakref", "_weakrefset")
    if issubclass(kind, type):  # the collector knows no instances of a class that can hold nothing
        return not item.__flags__ & HAS_COLLECTOR and type(getattr(item, "__del__", None)) is type(has_finalizer)
    if kind is type(sys):
        path = item.__dict__.get("__file__") or ""
        return path.endswith(".so") and (is_foreign(path, STANDARD) or "dbm" in path or "_sqlite3" in path)
    return kind in PLAIN_FILES and not item.closed


def has_finalizer(kind):
    return any("__del__" in base.__dict__ for base in kind.__mro__)


def main(arguments):
    """Returns in the processes of actions only: their arguments, and what runs."""
    try:
        server = Server(*arguments)
    except Refused as error:
        kill_all_below()
        socket.socket(fileno=3).send(REFUSED + str(error).encode("utf-8", "replace")[:1000])
        os._exit(1)
    rehearse()
    gc.collect()
    server.frozen = server.shared = None
    if hasattr(gc, "freeze"):  # forks share what nobody touches
        is_plain = sys.version_info >= (3, 9) and not has_more_to_end(server.socket, *standard_files())
        gc.freeze()
        server.shared = gc.get_freeze_count()
        server.frozen = server.shared if is_plain else None
    server.callbacks = atexit._ncallbacks()
    server.socket.send(READY)
    found = [os.fsdecode(item) for item in server.serve()]
    sys.argv = found[1:]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = found
    numbers = sys.modules.get("numpy.random")
    if numbers:  # the others of the standard library see to it themselves
        numbers.seed()
    module = type(sys)("__main__")
    module.__dict__.update(__file__=server.wrapper, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = module
    return server, module.__dict__


if __name__ == "__main__":
    server, names = main(sys.argv[1:])
    try:
        exec(server.code, names)
        end_here(server.frozen)
    except SystemExit:
        raise
    except BaseException:
        sys.excepthook = only_the_authors(sys.excepthook)
        raise
    finally:
        thaw(server.shared, server.callbacks)
