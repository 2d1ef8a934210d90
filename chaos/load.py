"""Asks for executions as planned, and cancels some, whatever is broken meanwhile.

What meets at a limit is asked for one after the other, so that "accepted before" is beyond doubt. A request whose
answer is lost is sent again under the same key until there is one.
"""

import heapq
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from chaos.evidence import Accepted, Answer, Told
from chaos.fleet import Fleet
from chaos.plan import Order
from chaos.watcher import now_us

_AGAIN_AFTER_S = 0.2
#: So many threads ask for one action that has no limit.
_SIDE_BY_SIDE = 3
#: Nobody waits longer for one answer: a web process that is being killed gives none.
_TIMEOUT_S = 15.0
#: One event of so many is sent once more after its answer: the same key is the same event.
_REPEATED = 4


class Load:
    """`start`, then `join`; then everything that was planned has been accepted and canceled. `stop` gives up.

    `accepted`, `told`, `canceled` and `bad_answers` are evidence.
    """

    def __init__(self, fleet: Fleet, orders: Sequence[Order], *, seed: int, file: Path) -> None:
        self.accepted: list[Accepted] = []
        self.told: list[Told] = []
        self.canceled: set[int] = set()
        self.bad_answers: list[Answer] = []
        self._fleet = fleet
        self._run = f"chaos-{seed}-{now_us()}"
        self._file = file
        self._began = 0.0
        self._stopping = threading.Event()
        self._all_asked = threading.Event()
        self._to_cancel: list[tuple[float, int]] = []
        lanes = defaultdict[tuple[str, int], list[Order]](list)
        for order in orders:
            lanes[order.action, 0 if order.kind.limits else order.number % _SIDE_BY_SIDE].append(order)
        self._lanes = [threading.Thread(target=self._ask_all, args=(lane,), daemon=True) for lane in lanes.values()]
        self._canceler = threading.Thread(target=self._cancel_all, daemon=True)

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in (*self._lanes, self._canceler):
            thread.start()

    def join(self, *, until: float) -> bool:
        """False when something was still to be asked for at `until` (monotonic)."""
        for thread in self._lanes:
            thread.join(max(0.0, until - time.monotonic()))
        self._all_asked.set()
        self._canceler.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in (*self._lanes, self._canceler))

    def stop(self) -> None:
        self._stopping.set()
        self._all_asked.set()
        for thread in (*self._lanes, self._canceler):
            if thread.ident is not None:
                thread.join()

    def _ask_all(self, lane: Sequence[Order]) -> None:
        with self._fleet.client(timeout_s=_TIMEOUT_S) as client:
            for order in lane:
                if self._stopping.wait(max(0.0, self._began + order.at_s - time.monotonic())):
                    return
                (self._tell if order.kind.is_told else self._ask)(client, order)

    def _ask(self, client: httpx.Client, order: Order) -> None:
        asked_us = now_us()
        body = {"action": f"chaos.{order.action}", "parameters": self._parameters(order)}
        headers = {"Idempotency-Key": f"{self._run}-{order.number}"}
        answer = self._until_answered(client, "/executions", json=body, headers=headers)
        if answer is None:
            return
        if answer.status_code not in (200, 201):
            self._note_bad(answer)
            return
        accepted = Accepted(int(answer.json()["id"]), order, asked_us, now_us())
        self.accepted.append(accepted)
        if order.cancel_after_s is not None:
            heapq.heappush(self._to_cancel, (time.monotonic() + order.cancel_after_s, accepted.execution))

    def _tell(self, client: httpx.Client, order: Order) -> None:
        asked_us = now_us()
        body = {
            "type": f"chaos.{order.action}",
            "payload": self._parameters(order),
            "dedupe_key": f"{self._run}-{order.number}",
        }
        answer = self._until_answered(client, "/events", json=body)
        if answer is None:
            return
        if answer.status_code not in (200, 201):
            self._note_bad(answer)
            return
        told = Told(int(answer.json()["id"]), order, asked_us, now_us())
        self.told.append(told)
        if order.number % _REPEATED == 0:
            again = self._until_answered(client, "/events", json=body)
            if again is not None and (again.status_code != 200 or again.json()["id"] != told.event):
                self._note_bad(again)

    def _parameters(self, order: Order) -> dict[str, Any]:
        return {
            "file": str(self._file),
            "key": order.key,
            "seconds": order.seconds,
            "fails": order.fails,
            "chars": order.chars,
            "text": "x" * order.chars,
        }

    def _cancel_all(self) -> None:
        with self._fleet.client(timeout_s=_TIMEOUT_S) as client:
            while not self._stopping.is_set():
                if not self._to_cancel:
                    if self._all_asked.wait(0.05) and not self._to_cancel:
                        return
                    continue
                due, execution = self._to_cancel[0]
                if due > time.monotonic():
                    self._stopping.wait(min(0.05, due - time.monotonic()))
                    continue
                heapq.heappop(self._to_cancel)
                self._cancel(client, execution)

    def _cancel(self, client: httpx.Client, execution: int) -> None:
        answer = self._until_answered(client, f"/executions/{execution}/cancel")
        if answer is None:
            return
        if answer.status_code == 202:
            self.canceled.add(execution)
        elif answer.status_code != 409:
            self._note_bad(answer)

    def _until_answered(self, client: httpx.Client, path: str, **more: Any) -> httpx.Response | None:
        """None when the run is given up. Away, and told to come back, is no answer; a bug is one."""
        while not self._stopping.is_set():
            try:
                answer = client.post(path, **more)
            except httpx.TransportError:
                self._stopping.wait(_AGAIN_AFTER_S)
                continue
            if answer.status_code not in (502, 503):
                return answer
            self._stopping.wait(_AGAIN_AFTER_S)
        return None

    def _note_bad(self, answer: httpx.Response) -> None:
        self.bad_answers.append(Answer(answer.status_code, f"{answer.request.url.path}: {answer.text[:500]}"))
