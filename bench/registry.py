"""All parts, in the order in which they are measured: what leaves something behind comes late."""

from bench.environments import environments
from bench.events import events
from bench.fanout import fanout
from bench.gates import gates
from bench.masking import masking
from bench.memory import memory
from bench.output import output
from bench.packs import packs
from bench.pages import lists, pages
from bench.peers import prefect, procrastinate
from bench.runs import latency, node, python, throughput
from bench.stage import Part, Place
from bench.start import start

_SHARED, _SEEDED, _ALONE = Place.SHARED, Place.SEEDED, Place.ALONE

PARTS = (
    Part("start", "script/up: later starts, without --quick the first one too", _SHARED, start, is_usual=True),
    Part(
        "memory",
        "everything idle, by process; a worker with 50 slots busy, beside the other roles and by itself",
        _SHARED,
        memory,
        is_usual=True,
    ),
    Part("latency", "one request at a time on an idle system", _SHARED, latency, is_usual=True),
    Part("throughput", "many no-ops at once, and requests alone", _SHARED, throughput, is_usual=True),
    Part("python", "a Python action, warm and cold", _SHARED, python, is_usual=True),
    Part("node", "a Node action beside bare Node", _SHARED, node),
    Part("output", "1 GB of output, with and without a secret to mask", _SHARED, output, is_usual=True),
    Part("fanout", "1,000 no-ops behind one gate", _SHARED, fanout, is_usual=True),
    Part("gates", "one gate, and 10,000 who wait at it", _SHARED, gates, is_usual=True),
    Part("events", "from events to executions, webhooks, 1,000 rules", _ALONE, events),
    Part("environments", "found, left alone, built, and what runs beside builds", _ALONE, environments),
    Part("packs", "registering a pack with 3,600 actions", _ALONE, packs),
    Part("masking", "how fast output is searched for secrets", _ALONE, masking),
    Part("api", "lists of many executions (--count)", _SEEDED, lists),
    Part("pages", "pages of the console on many executions (--count)", _SEEDED, pages),
)
#: Only when asked for: they are fetched from a package index first.
PEERS = (
    Part("procrastinate", "the same runs by procrastinate", _SHARED, procrastinate),
    Part("prefect", "the same runs and steps by Prefect", _SHARED, prefect),
)
