"""Runs by Prefect, of which a server runs already (PREFECT_API_URL): `prefect_runs.py serve AT_ONCE`,
`prefect_runs.py runs COUNT` prints how many in a second, `prefect_runs.py steps COUNT` prints seconds."""

import subprocess
import sys
import time

from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.deployments import run_deployment


@flow
def echo():
    subprocess.run(["sh", "-c", "echo hi"], check=True, stdout=subprocess.PIPE)


@task
def fibo(n):
    return n if n < 2 else fibo.fn(n - 1) + fibo.fn(n - 2)


@flow
def steps(count):
    for _ in range(count):
        fibo(10)


def per_second(count):
    ids = [run_deployment("echo/bench", timeout=0).id for _ in range(count)]
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=ids)))
            if all(run.end_time for run in runs):
                break
            time.sleep(1)
    assert all(run.state.is_completed() for run in runs)
    return count / (max(run.end_time for run in runs) - min(run.start_time for run in runs)).total_seconds()


def seconds(count):
    started = time.perf_counter()
    steps(count)
    return time.perf_counter() - started


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    if what == "serve":
        echo.serve(name="bench", limit=number)
    else:
        print((per_second if what == "runs" else seconds)(number))
