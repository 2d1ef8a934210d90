"""The chaos run behind `script/chaos`: a private Attune under load and faults, judged by what its actions wrote down.

| module | its one job |
|---|---|
| plan | seed → what is asked for and what is broken, when (pure) |
| supervise | the Attune that is hurt: two of each role, started again when they die (a process of its own) |
| fleet | starts, asks and stops that Attune |
| servers | the connections by which its PostgreSQL and Valkey are hurt |
| load | asks for executions and cancels some, whatever is broken |
| faults | breaks one thing at a time |
| notes | the file in which actions say when they begin and end |
| watcher | sees processes die that could not say so themselves |
| evidence | what was seen of one run, from all sides |
| checker | evidence → violations of the promise (pure) |
| order | the checker's part about limits and lines |
| leftovers | what must be gone, or must not have grown, when all is over |
| recovery | evidence → how soon a fault was noticed and made good (pure) |
| report | all of it for people and programs |
| run | one run, from the first process to the last |
| mutants | Attune with a known bug, in a copied tree |
| self_test | whether a run finds each of them |

It stands outside: what counts is what processes wrote into one file, what the REST API says, and what the operating
system shows. It reaches into Attune's servers only to break them, and to know when to look.
"""
