"""The benchmark behind `script/bench`: Attune beside the floor, in one run on one machine.

| module | its one job |
|---|---|
| private_attune | a whole Attune of the benchmark's own, started and removed again |
| parts | what is measured, each beside its floor |
| events | from what happens to the execution it starts: latency, webhooks in numbers, many rules |
| crowd | a pack of many rules that listen to one trigger |
| event_records | what Attune wrote down about events, read without asking it |
| flood | clients that post as fast as they are answered |
| pages | the console's pages and the API's lists on a million executions |
| floor | the same programs without Attune |
| bare_celery | the same writes and the same program with nothing but Celery |
| figures | figures, budgets, table, JSON |

It knows Attune from outside only: the scripts, `manage.py seed_executions`, the REST API, and the addresses in `env` of
its folder. Of events it reads the tables too, since asking for them would be part of what is measured.
"""
