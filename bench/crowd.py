"""A pack whose rules all listen to one trigger, and each event matches one of them: written for a run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRIGGER = "bench_crowd.happened"
_MANIFEST = """\
ref: bench_crowd
label: Crowd of the benchmark
description: Many rules on one trigger.
version: 1.0.0
author: Attune
"""
_HAPPENED = "name: happened\ndescription: Something happened that many rules listen to.\n"
_ACCEPTED = """\
name: accepted
description: Is accepted and never run, since no worker serves its pool.
runtime: shell
entry_point: noop.sh
pool: bench-without-worker
"""
#: Every event passes the first criterion of every rule, and the second of one.
_RULE = """\
name: number_{number}
trigger: {{type: bench_crowd.happened}}
criteria:
  trigger.host: {{type: matchregex, pattern: "^web-[0-9]+$"}}
  trigger.number: {{type: eq, pattern: {number}}}
action: {{ref: bench_crowd.accepted}}
"""


@contextmanager
def crowd(rules: int) -> Iterator[Path]:
    """The folder of the pack."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"pack.yaml": _MANIFEST, "triggers/happened.yaml": _HAPPENED}
        files |= {"actions/accepted.yaml": _ACCEPTED, "actions/noop.sh": ":\n"}
        files |= {f"rules/number_{number}.yaml": _RULE.format(number=number) for number in range(rules)}
        for name, text in files.items():
            file = Path(folder, "bench_crowd", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        yield Path(folder, "bench_crowd")


def payload(number: int) -> dict[str, object]:
    """That rule `number` matches."""
    return {"host": f"web-{number}", "number": number}
