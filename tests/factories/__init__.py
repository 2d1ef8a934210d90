"""Each factory makes one object, with everything it needs and nothing a test did not ask for."""

from tests.factories.actions import make_action
from tests.factories.ended import leave_files, make_ended
from tests.factories.executions import make_execution, make_gate, make_policy, make_worker
from tests.factories.packs import make_runtimes, write_pack

__all__ = [
    "leave_files",
    "make_action",
    "make_ended",
    "make_execution",
    "make_gate",
    "make_policy",
    "make_runtimes",
    "make_worker",
    "write_pack",
]
