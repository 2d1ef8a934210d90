"""What the sensors of this pack share: the triggers they serve, as they come and go, and a way to tell events.

Standard library only; knows nothing of Attune but the lines on stdin and the descriptor in ATTUNE_EVENT_FD.
"""

import glob
import hashlib
import json
import os
import sys
import threading

_lock = threading.Lock()


def tell(trigger, payload, parameters, dedupe_key=None):
    """One event. Blocks while Attune is busy with what was told before."""
    event = {"trigger": trigger, "payload": payload, "parameters": parameters}
    if dedupe_key:
        event["dedupe_key"] = dedupe_key[:255]
    line = json.dumps(event).encode() + b"\n"
    descriptor = int(os.environ["ATTUNE_EVENT_FD"])
    with _lock:
        while line:
            line = line[os.write(descriptor, line) :]


def log(text):
    print(text, file=sys.stderr, flush=True)


class Input:
    """Reads stdin: `document` at once, changes of triggers and acknowledgements in a thread, as they come."""

    def __init__(self, on_recorded=lambda lines: None):
        self.document = json.loads(sys.stdin.readline() or "{}")
        self.changed = threading.Event()
        self._on_recorded = on_recorded
        self._serving = {_key(item): item for item in self.document.get("triggers", [])}
        self.state_dir = self.document.get("context", {}).get("state_dir")
        threading.Thread(target=self._listen, daemon=True).start()

    def triggers(self):
        """`[{"trigger": ..., "parameters": {...}}]` of now."""
        with _lock:
            return list(self._serving.values())

    def _listen(self):
        for text in sys.stdin:
            line = json.loads(text)
            if line["type"] == "recorded":
                self._on_recorded(line["lines"])
            elif line["type"].startswith("trigger_"):
                with _lock:
                    if line["type"] == "trigger_removed":
                        self._serving.pop(_key(line), None)
                    else:
                        self._serving[_key(line)] = {"trigger": line["trigger"], "parameters": line["parameters"]}
                self.changed.set()


class Memory:
    """What is known of one trigger, kept for the sensor's next process on this host; without a folder of its own, for
    nobody."""

    def __init__(self, folder, parameters):
        name = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest() + ".json"
        self.path = os.path.join(folder, name) if folder else None

    def read(self):
        """None where there is nothing, or nothing whole."""
        try:
            with open(self.path or os.devnull, "rb") as file:
                return json.load(file)
        except (OSError, ValueError):
            return None

    def write(self, value):
        """A crash leaves what was there before. What cannot be kept costs only what happens between two processes."""
        if self.path is None:
            return
        try:
            with open(self.path + ".new", "w") as file:
                json.dump(value, file)
            os.replace(self.path + ".new", self.path)
        except OSError as error:
            log("%s cannot be kept: %s" % (self.path, error.strerror))


def forget_all_but(folder, parameters):
    """Of triggers that nobody listens to any more: what happens meanwhile is nobody's news."""
    kept = {Memory(folder, item).path for item in parameters}
    for path in glob.glob(os.path.join(glob.escape(folder), "*.json")) if folder else ():
        if path not in kept:
            os.unlink(path)


def _key(item):
    return item["trigger"] + json.dumps(item["parameters"], sort_keys=True)
