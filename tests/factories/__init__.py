"""Each factory makes one object, with everything it needs and nothing a test did not ask for."""

from tests.factories.actions import make_action
from tests.factories.ended import leave_files, make_ended
from tests.factories.executions import make_execution, make_gate, make_policy, make_worker
from tests.factories.packs import make_runtimes, write_pack
from tests.factories.rules import make_event, make_rule, make_trigger_type

__all__ = [
    "leave_files",
    "make_action",
    "make_ended",
    "make_event",
    "make_execution",
    "make_gate",
    "make_policy",
    "make_rule",
    "make_runtimes",
    "make_trigger_type",
    "make_worker",
    "write_pack",
]
