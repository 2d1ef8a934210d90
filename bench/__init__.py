"""The benchmark behind `script/bench`: Attune beside the floor, in one run on one machine.

| module | its one job |
|---|---|
| private_attune | a whole Attune of the benchmark's own, started and removed again |
| parts | what is measured, each beside its floor |
| pages | the console's pages and the API's lists on a million executions |
| floor | the same programs without Attune |
| bare_celery | the same writes and the same program with nothing but Celery |
| figures | figures, budgets, table, JSON |

It knows Attune from outside only: the scripts, `manage.py seed_executions`, the REST API, and the addresses in `env` of
its folder.
"""
