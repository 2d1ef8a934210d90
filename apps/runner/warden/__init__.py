"""The program that starts and kills every process: one small single-threaded process per worker.

It runs under `python -I -S` and is forked for each execution, so these modules import little and
nothing of the rest of Attune. The worker talks to it through `apps.runner.warden_client`.
"""
