"""A Python action that tells everything it can see of how it was started. Read by tests, never imported."""
# mypy: ignore-errors
# ruff: noqa: PTH109, PTH110, PTH115, PTH116, PTH123, PTH208, SIM115, UP031

import builtins
import gc
import locale
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import threading

STATUS = ["Name", "State", "Uid", "Gid", "Groups", "Threads", "SigBlk", "SigIgn", "SigCgt", "SigPnd", "CapEff"]


def run():
    return {**of_process(), **of_descriptors(), **of_python(), **of_modules()}


def of_process():
    status = dict(line.rstrip("\n").split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
    kinds = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {
        "cwd": os.getcwd(),
        "umask": os.umask(0o077),
        "env": dict(os.environ),
        "order of env": list(os.environ),
        "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
        "nice": os.nice(0),
        "status": {name: status.get(name) for name in STATUS},
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in kinds},
        "oom": open("/proc/self/oom_score_adj").read(),
        "dumpable": os.stat("/proc/self/environ").st_uid,
        "handlers": {int(signum): str(signal.getsignal(signum)) for signum in signal.valid_signals()},
        "wakeup": signal.set_wakeup_fd(-1),
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "children": [pid for pid in os.listdir("/proc") if pid.isdigit() and parent_of(pid) == str(os.getpid())],
        "cpu": resource.getrusage(resource.RUSAGE_SELF).ru_utime < 5,
    }


def of_descriptors():
    numbers = [fd for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd)]
    return {
        "descriptors": {fd: os.readlink("/proc/self/fd/" + fd).partition(":")[0] for fd in numbers},
        "inheritable": [os.get_inheritable(fd) for fd in range(5)],
        "blocking": [os.get_blocking(fd) for fd in range(5)],
        "streams": [facts_of(stream) for stream in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__)],
    }


def of_python():
    return {
        "argv": sys.argv,
        "orig_argv": getattr(sys, "orig_argv", None),
        "path": sys.path,
        "flags": str(sys.flags),
        "options": [str(sys._xoptions), sys.warnoptions],
        "executable": [sys.executable, sys.prefix, sys.base_prefix],
        "encodings": [sys.getfilesystemencoding(), locale.getpreferredencoding(False), sys.getdefaultencoding()],
        "gc": [gc.isenabled(), gc.get_threshold()],
        "recursion": sys.getrecursionlimit(),
        "hook": sys.excepthook.__name__,
        "bytecode": sys.dont_write_bytecode,
        "trace": [str(sys.gettrace()), str(sys.getprofile())],
    }


def of_modules():
    main = sys.modules["__main__"]
    return {
        "name": [__name__, __file__],
        "main": [main.__name__, main.__file__, main is sys.modules.get(__name__)],
        "builtins": sorted(name for name in vars(builtins) if name.startswith("get_")),
        "threads": [thread.name for thread in threading.enumerate()],
        "main thread": threading.current_thread() is threading.main_thread(),
        "thread id": threading.get_native_id() == os.getpid(),
        "process": [multiprocessing.current_process().name, str(multiprocessing.parent_process())],
        "temporary": tempfile.gettempdir(),
    }


def facts_of(stream):
    facts = [stream.encoding, stream.errors, stream.line_buffering, stream.name, stream.fileno(), type(stream).__name__]
    return [*facts, stream.isatty(), stream.seekable()]


def parent_of(pid):
    try:
        return open("/proc/%s/stat" % pid).read().rpartition(")")[2].split()[1]
    except OSError:
        return None
