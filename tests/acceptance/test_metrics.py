"""A running Attune, scraped as Prometheus does it, after executions that really ran (those of other tests too), none of
which had a limit, a second attempt or a timeout."""

import json
import re
from collections import Counter
from collections.abc import Mapping

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from apps.core.metrics.catalogue import METRICS
from tests.acceptance.attune import ROOT, Attune
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(300)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
Labels = tuple[tuple[str, str], ...]


def scrape(attune: Attune) -> dict[tuple[str, Labels], float]:
    answer = httpx.get(f"http://127.0.0.1:{attune.port}/metrics", timeout=30)
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {
        (item.name, tuple(sorted(item.labels.items()))): item.value for family in families for item in family.samples
    }


def told(attune: Attune, wanted: Mapping[tuple[str, Labels], float]) -> dict[tuple[str, Labels], float]:
    """The scrape in which everything of `wanted` stands at its number; processes tell what they counted every 2 s."""
    last: dict[tuple[str, Labels], float] = {}

    def fits() -> bool:
        last.clear()
        last.update(scrape(attune))
        return all(last.get(key) == value for key, value in wanted.items())

    try:
        wait_for(fits, what="the numbers", deadline_s=30, every_s=0.2)
    except AssertionError:
        differing = {key: (last.get(key), value) for key, value in wanted.items() if last.get(key) != value}
        pytest.fail(f"never so (found, wanted): {differing}")
    return last


def of(name: str, **labels: str) -> tuple[str, Labels]:
    return name, tuple(sorted(labels.items()))


def worker_of(attune: Attune) -> str:
    (worker,) = attune.client.get("/workers", params={"status": "active"}).json()["results"]
    return str(worker["name"])


def test_the_numbers_are_those_of_what_ran(attune: Attune) -> None:
    for _ in range(3):
        assert attune.run("core.noop")["status"] == "succeeded"
    assert attune.run("core.fail")["status"] == "failed"
    ran = Counter(row["status"] for row in attune.executions(fields="status"))
    everything = sum(ran.values())
    name = worker_of(attune)
    found = told(
        attune,
        {
            of("attune_executions_accepted_total"): everything,
            of("attune_executions_started_total"): everything,
            of("attune_executions_ended_total", outcome="succeeded"): ran["succeeded"],
            of("attune_executions_ended_total", outcome="failed"): ran["failed"],
            of("attune_executions_ended_total", outcome="timeout"): 0,
            of("attune_execution_duration_seconds_count"): everything,
            of("attune_execution_start_delay_seconds_count"): everything,
            of("attune_gate_wait_seconds_count"): 0,
            of("attune_claims_total", outcome="claimed"): everything,
            of("attune_hints_sent_total"): everything,
            of("attune_hints_owed_total"): 0,
            of("attune_executions", status="running"): 0,
            of("attune_history_unannounced"): 0,
            of("attune_workers", status="active"): 1,
            of("attune_worker_slots", worker=name, pool="default"): 10,
            of("attune_worker_slots_used", worker=name, pool="default"): 0,
            of("attune_http_requests_total", route="/api/v1/executions", method="POST", status="201"): everything,
            of("attune_up", service="database"): 1,
            of("attune_up", service="redis"): 1,
        },
    )
    assert found[of("attune_worker_heartbeat_age_seconds", worker=name, pool="default")] < 30
    assert found[of("attune_sweep_runs_total", step="sweep_operations")] >= 1
    assert found[of("attune_redis_calls_total", outcome="ok")] > 0
    assert found[of("attune_database_pool_requests_total")] > 0


def test_a_metric_of_the_catalogue_that_is_told_nowhere_is_none(attune: Attune) -> None:
    kept = {name for name, _ in scrape(attune)}
    missing = {metric.name for metric in METRICS if not any(name.startswith(metric.name) for name in kept)}
    # These have no series without gates, environments, waiting executions, rules that match, or output.
    assert missing <= {
        "attune_enforcements_total",
        "attune_execution_oldest_age_seconds",
        "attune_queue_depth",
        "attune_gate_waiting",
        "attune_gate_holding",
        "attune_gate_limit",
        "attune_environments",
        "attune_operations",
        "attune_output_truncated_bytes_total",
        "attune_sweep_failures_total",
        "attune_output_bytes_total",
        "attune_sweep_rows_total",
    }


def test_a_trace_that_comes_with_a_request_reaches_the_action(attune: Attune) -> None:
    body = {"action": "core.local", "parameters": {"cmd": "echo trace=$TRACEPARENT"}, "wait_s": 20}
    asked = attune.client.post("/executions", json=body, headers={"traceparent": TRACEPARENT}).json()
    assert asked["trace_id"].replace("-", "") == TRACE
    assert f"trace={TRACEPARENT}" in attune.log(asked["id"])
    without = attune.run("core.local", {"cmd": "echo trace=$TRACEPARENT."})
    assert "trace=." in attune.log(without["id"])


def test_every_line_of_every_role_is_a_json_object(attune: Attune) -> None:
    ran = attune.run("core.noop")
    about_it = re.compile(rf'"execution_id": ?{ran["id"]}\b')
    # An end is known to others before the worker writes of it.
    wait_for(lambda: about_it.search(attune.role_log("worker")), what="the line of its end")
    lines = [
        line for role in ("web", "worker", "scheduler", "conductor") for line in attune.role_log(role).splitlines()
    ]
    documents = [json.loads(line) for line in lines]
    assert all({"time", "level", "logger", "message"} <= set(document) for document in documents)
    (ended,) = [item for item in documents if item.get("execution_id") == ran["id"]]
    assert (ended["message"], ended["attempt"]) == ("core.noop succeeded", 1)
    assert ended["worker"] == worker_of(attune)


def test_the_dashboard_asks_only_for_metrics_there_are() -> None:
    dashboard = json.loads((ROOT / "docker" / "grafana" / "attune.json").read_text())
    known = {metric.name for metric in METRICS}
    known |= {
        f"{metric.name}_{end}" for metric in METRICS if metric.kind == "histogram" for end in ("bucket", "sum", "count")
    }
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked = {name for text in expressions for name in re.findall(r"\battune_\w+", text)}
    assert expressions
    assert asked <= known, asked - known
