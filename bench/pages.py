"""How long the console's pages and the API's lists take on many executions, each asked for by one client at a time."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from bench.broken import Broken
from bench.figures import Budget, Figure, at_most, milliseconds
from bench.private_attune import PrivateAttune
from bench.stage import Stage

_PAGE = at_most(300)
_LIST = at_most(150)
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


def pages(stage: Stage) -> list[Figure]:
    """The console's, by somebody who is logged in."""
    figures, samples = list[Figure](), _samples(stage)
    with _browser(stage.attune) as browser:
        looks = {"Home": "/admin/", "points of the chart": "/admin/executions/points/"}
        for name, query in {**_narrowed(), **_ONLY_CONSOLE}.items():
            looks[f"executions{': ' if name else ''}{name}"] = f"/admin/executions/?{query}"
        for name, path in looks.items():
            figures += _timed(f"page {name}", lambda path=path: browser.get(path), samples, _PAGE)  # type: ignore[misc]
    return figures


def lists(stage: Stage) -> list[Figure]:
    """The API's, as programs and the command line ask for them."""
    attune, figures, samples = stage.attune, list[Figure](), _samples(stage)
    for name, query in _narrowed().items():
        path = f"/executions?{query}"
        title = f"GET /executions{': ' if name else ''}{name}"
        figures += _timed(title, lambda path=path: attune.http.get(path), samples, _LIST)  # type: ignore[misc]
    figures += _timed("GET /executions/stats", lambda: attune.http.get("/executions/stats"), samples, _LIST)
    return figures


def _samples(stage: Stage) -> int:
    return 20 if stage.is_quick else 60


def _narrowed() -> dict[str, str]:
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 20 * 86400))
    return {name: query.format(day=day) for name, query in _NARROWED.items()}


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
        milliseconds(f"{name}, p50", 50, seconds),
        milliseconds(f"{name}, p95", 95, seconds, budget=budget),
    ]
