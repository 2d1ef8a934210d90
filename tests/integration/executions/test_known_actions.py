from apps.executions.known_actions import action_refs_below, action_refs_with
from tests.factories import make_action, make_execution


def test_actions_that_ran_are_found_by_a_part_of_their_ref(fresh: None) -> None:
    assert action_refs_with("deploy") == []
    for name, pack in (("deploy", "web"), ("restore", "db"), ("deploy", "db.more")):
        make_execution(make_action(name, pack=pack))
        make_execution(make_action(name, pack=pack))
    assert action_refs_with("DEPLOY") == ["db.more.deploy", "web.deploy"]
    assert action_refs_with("%") == []
    assert action_refs_below("web") == ["web.deploy"]
