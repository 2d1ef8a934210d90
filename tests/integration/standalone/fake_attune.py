"""`python -m apps.standalone` with small programs in the places of Attune's roles, of its preparation and
of what they import.

Run as a file by the tests of `up` and `down`; everything else, servers included, is real. `web` answers
/readyz; `worker` starts an action in a session of its own and ends it on TERM, but not when killed.
"""

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from unittest import mock

from apps.standalone import __main__, detach, leftovers, prepare, up
from apps.standalone.child import Program
from apps.standalone.environment import Options
from apps.standalone.layout import Layout
from apps.standalone.roles import is_ready
from apps.standalone.strays import end_strays

WEB = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"workers": %d}' % int(os.environ.get("FAKE_WORKERS", "1")))
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
WORKER = """
setsid sleep 600 &
action=$!
echo $action > "$ATTUNE_VAR_DIR/action.pid"
trap 'kill $action; exit' TERM
wait
"""
PREPARE = "import os, sys; print('    migrating', file=sys.stderr); print(os.environ['FAKE_ANSWER'])"
ANSWER = {"username": "admin", "password": "made just now", "token": "att_1_x", "packs": ["core 1.0.0"]}


def fake_roles(layout: Layout, *, options: Options, environment: Mapping[str, str]) -> list[Program]:
    role = partial(Program, cwd=Path("/"), env=environment)
    worker = ("/bin/sh", "-c", os.environ.get("FAKE_WORKER", WORKER))
    web = (sys.executable, "-c", WEB, str(options.port))
    return [
        role(name="worker", argv=worker, log=layout.log / "worker.log"),
        role(name="web", argv=web, log=layout.log / "web.log", is_ready=partial(is_ready, options.port)),
    ]


if __name__ == "__main__":
    os.environ.setdefault("FAKE_ANSWER", json.dumps(ANSWER))
    with (
        mock.patch.object(up, "roles", fake_roles),
        mock.patch.object(up, "PRELOAD", os.environ.get("FAKE_PRELOAD", "json")),
        mock.patch.object(prepare, "COMMAND", ("-c", PREPARE)),
        mock.patch.object(detach, "DAEMON", (__file__, "serve")),
        mock.patch.object(leftovers, "end_strays", partial(end_strays, grace_s=0.5)),
    ):
        sys.exit(__main__.main())
