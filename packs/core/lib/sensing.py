"""What the sensors of this pack share: the triggers they serve, as they come and go, and a way to tell events.

Standard library only; knows nothing of Attune but the lines on stdin and the descriptor in ATTUNE_EVENT_FD.
"""

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


def _key(item):
    return item["trigger"] + json.dumps(item["parameters"], sort_keys=True)
