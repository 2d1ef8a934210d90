"""Runs by procrastinate: `procrastinate_runs.py COUNT AT_ONCE`, with DATABASE_URL; prints how many in a second."""

import asyncio
import os
import subprocess
import sys
import time

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


@app.task
def echo():
    subprocess.run(["sh", "-c", "echo hi"], check=True, stdout=subprocess.PIPE)


async def main(count, at_once):
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await echo.batch_defer_async(*[{}] * count)
        started = time.perf_counter()
        await app.run_worker_async(concurrency=at_once, wait=False, install_signal_handlers=False)
        print(count / (time.perf_counter() - started))


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
