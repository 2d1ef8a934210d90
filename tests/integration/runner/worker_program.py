"""A worker as small as can be, in a process of its own, so that a test may kill or stop it.

The arguments are a folder, the silence in seconds, the script of a run that dies of silence, and that of
one that does not. It prints a line when its warden is up, runs both, and prints how each of them ended.
"""

import os
import sys
import threading
import time
from pathlib import Path

from apps.runner.control import RunControl
from apps.runner.process import run
from apps.runner.spec import RunSpec
from apps.runner.warden_client import Warden

BEAT_S = 0.1


def main() -> None:
    folder, silence_s = Path(sys.argv[1]), float(sys.argv[2])
    warden = Warden(silence_s=silence_s)
    warden.start()
    say(f"warden {warden.pid}")
    threading.Thread(target=beat, args=(warden,), daemon=True).start()
    runs = [
        threading.Thread(target=run_one, args=(warden, folder, name, script, name == "requeue"))
        for name, script in zip(("requeue", "keep"), sys.argv[3:], strict=True)
    ]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    warden.close()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # in one piece, whichever thread says it


def beat(warden: Warden) -> None:
    while True:
        warden.beat()
        time.sleep(BEAT_S)


def run_one(warden: Warden, folder: Path, name: str, script: str, kill_on_silence: bool) -> None:
    spec = RunSpec(
        name=name,
        argv=("/bin/sh", "-c", script),
        env={"PATH": "/usr/bin:/bin"},
        work_root=folder / "work",
        kill_on_silence=kill_on_silence,
    )
    result = run(spec, warden=warden, log_dir=folder / "logs" / name, control=RunControl())
    say(f"{name} {result.ended.value} {result.exit_code}")


if __name__ == "__main__":
    main()
