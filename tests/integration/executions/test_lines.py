from apps.core.redis import client
from apps.executions import lines
from apps.executions.models import Execution, Gate
from apps.executions.policies.services import set_limit
from apps.executions.slots.rebuild import rebuild_if_stale
from tests.asking import ask_and_die
from tests.factories import make_action
from tests.people import People
from tests.running import status_of


def test_a_grant_from_before_a_rebuild_is_not_made_real_after_it(people: People) -> None:
    """Though another thread of the same process knows of the new epoch already."""
    (row,) = ask_and_die(people, make_action(concurrency={"limit": 1}))
    (entry,) = lines.entries_of(Execution.objects.filter(pk=row.pk))
    granted = lines.slots().enter(entry, limits=lines.limits_of([entry]))
    assert [grant.execution for grant in granted.granted] == [row.pk]
    set_limit(Gate.objects.get().policy, 0)
    client().flushdb()
    rebuild_if_stale()
    lines.make_real(granted)
    assert status_of(row) == "requested"
    assert list(lines.slots().line(row.gate_id or 0, most=1)) == [row.pk]
