"""How long the console's pages and the API's lists take on many executions, each asked for by one client at a time."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from bench.figures import Budget, Figure, percentile
from bench.floor import ROOT
from bench.private_attune import Broken, PrivateAttune

_PAGE = Budget("≤ 300 ms", lambda figure: figure.value <= 300)
_LIST = Budget("≤ 150 ms", lambda figure: figure.value <= 150)
_WARM_UP = 3
#: What operators look at; the last ones find little, far away, or by what has no index of its own.
_NARROWED = {
    "": "",
    "a status": "status=failed",
    "three statuses": "status=failed,timeout,abandoned",
    "an action": "action=core.http",
    "a seldom action": "action=rare.migrate",
    "a label": "label=env:production",
    "a label of one": "label=ticket:OPS-14",
    "an identity": "requested_by=emre",
    "a worker": "worker=seeded-3",
    "a day long ago": "since={day}T00:00:00Z&until={day}T23:00:00Z",
    "status and label": "status=abandoned&label=team:data",
}
_ONLY_CONSOLE = {
    "a text": "q=roll",
    "a seldom pack": "pack=rare",
    "reruns of one": "rerun_of=17",
    "the end": "cursor=51",
}


def seed(attune: PrivateAttune, count: int) -> None:
    """Raises `Broken`."""
    command = [sys.executable, str(ROOT / "manage.py"), "seed_executions", "--count", str(count)]
    environment = {**attune.settings, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Broken(f"the executions could not be written:\n{done.stdout}{done.stderr}")


def pages(attune: PrivateAttune, *, samples: int) -> list[Figure]:
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 20 * 86400))
    narrowed = {name: query.format(day=day) for name, query in _NARROWED.items()}
    figures: list[Figure] = []
    with _browser(attune) as browser:
        looks = {"Home": "/admin/", "points of the chart": "/admin/executions/points/"}
        for name, query in {**narrowed, **_ONLY_CONSOLE}.items():
            looks[f"executions{': ' if name else ''}{name}"] = f"/admin/executions/?{query}"
        for name, path in looks.items():
            figures += _timed(f"page {name}", lambda path=path: browser.get(path), samples, _PAGE)  # type: ignore[misc]
    for name, query in narrowed.items():
        path = f"/executions?{query}"
        title = f"GET /executions{': ' if name else ''}{name}"
        figures += _timed(title, lambda path=path: attune.http.get(path), samples, _LIST)  # type: ignore[misc]
    figures += _timed("GET /executions/stats", lambda: attune.http.get("/executions/stats"), samples, _LIST)
    return figures


def _browser(attune: PrivateAttune) -> httpx.Client:
    """Logged in by the form, and not opened yet: only the cookies are taken over."""
    origin = attune.settings["ATTUNE_BASE_URL"]
    with httpx.Client(base_url=origin, timeout=60) as client:
        _log_in(client, attune)
        return httpx.Client(base_url=origin, timeout=60, cookies=client.cookies)


def _log_in(client: httpx.Client, attune: PrivateAttune) -> None:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/admin/login/").text)
    form = {"csrfmiddlewaretoken": found[1] if found else "", "username": "admin", "password": attune.password}
    answer = client.post("/admin/login/?next=/admin/", data=form, headers={"Referer": str(client.base_url)})
    if answer.status_code != 302:
        raise Broken(f"logging in to the console answered {answer.status_code}")


def _timed(name: str, get: Callable[[], Any], samples: int, budget: Budget) -> Sequence[Figure]:
    seconds = []
    for _ in range(_WARM_UP + samples):
        started = time.perf_counter()
        answer = get()
        seconds.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise Broken(f"{answer.request.url} answered {answer.status_code}")
    seconds = seconds[_WARM_UP:]
    return [
        Figure(name=f"{name}, p50", unit="ms", values=[percentile(seconds, 50) * 1000]),
        Figure(name=f"{name}, p95", unit="ms", values=[percentile(seconds, 95) * 1000], budget=budget),
    ]
