"""The benchmark behind `script/bench`: Attune beside the floor, in one run on one machine.

| module | its one job |
|---|---|
| arguments, registry, stage | what is chosen, all there is to choose, and where it is measured |
| private_attune, scripts, seeding | a whole Attune of the benchmark's own, started, filled and removed again |
| start, memory, runs, output, fanout, gates, lines | parts that share one |
| events, crowd, event_records, flood | from what happens to the execution it starts |
| environments, wheels, packs, masking | parts that start what they need |
| pages | the console's pages and the API's lists on many executions |
| floor, bare_celery | the same programs without Attune; the same writes too, with nothing but Celery |
| peers, peer_environment, prefect_server, peer_programs/ | the same work by others |
| processes | the processes of one Attune, and what memory they take |
| figures, machine, report | figures and budgets, what they depend on, table and JSON |

It knows Attune from outside only: the scripts, `manage.py seed_executions`, the REST API, and the addresses in `env` of
its folder. Exceptions, since asking Attune would be part of what is measured: it reads the tables of events, and
`lines`, `masking` and `environments` call what they measure.
"""
