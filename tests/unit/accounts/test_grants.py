import pytest

from apps.accounts.grants import Grant, NoGrant, Place, covered, parse, read, scopes_of
from apps.accounts.permissions import Verb

VERBS = list(Verb)
AWS = Place(pack="aws", ref="aws.resize", owner_id=7)


@pytest.mark.parametrize(
    "text", ["execution.run", "execution.run@pack:aws", "execution.view@own", "execution.*@ref:aws.s3.up", "*", "*@own"]
)
def test_a_grant_is_written_as_it_is_read(text: str) -> None:
    assert str(parse(text, verbs=VERBS)) == text


def test_everything_need_not_be_said() -> None:
    assert str(parse("execution.run@everything", verbs=VERBS)) == "execution.run"


@pytest.mark.parametrize(
    "text",
    [
        "", "execution", "execution.fly", "executions.*", "execution.run@", "execution.run@pack", "execution.run@pack:",
        "execution.run@own", "execution.run@owner", "pack.install@pack:aws", "role.manage@own", "worker.view@pack:aws",
        "execution.run@everything:x", " execution.run", "execution.run ", "execution.run@pack:a\nb", "**", ".*",
        "execution.run@own:x", "x" * 400, "execution.run@pack:" + "x" * 400,
    ],
)  # fmt: skip
def test_what_is_no_grant_is_told(text: str) -> None:
    with pytest.raises(NoGrant):
        parse(text, verbs=VERBS)


@pytest.mark.parametrize(
    ("grant", "holds"),
    [
        ("execution.view", True), ("execution.view@pack:aws", True), ("execution.view@pack:aw", False),
        ("execution.view@ref:aws.resize", True), ("execution.view@ref:aws", False), ("execution.view@own", True),
    ],
)  # fmt: skip
def test_a_grant_holds_where_its_scope_says(grant: str, *, holds: bool) -> None:
    (own,) = read([grant])
    assert own.holds_at(AWS, identity_id=7) is holds
    assert own.holds_at(Place(), identity_id=7) is (own.kind == "everything")


def test_nobodys_things_are_not_the_own_ones_of_anybody() -> None:
    assert not Grant("execution.view", "own").holds_at(Place(owner_id=None), identity_id=None)


def test_a_pattern_gives_a_verb_only_where_that_can_be_given() -> None:
    (grant,) = read(["*@pack:aws"])
    assert grant.gives("execution.run")
    assert not grant.gives("role.manage")
    assert not grant.gives("pack.install")


@pytest.mark.parametrize(
    ("own", "wanted", "is_covered"),
    [
        ("*", "role.manage", True), ("execution.*", "execution.run@pack:a", True),
        ("execution.run", "execution.*", False),
        ("execution.run@pack:a", "execution.run@pack:a", True), ("execution.run@pack:a", "execution.run", False),
        ("execution.run@pack:a", "execution.run@pack:ab", False),
        ("execution.run@pack:a", "execution.run@ref:a.b", False),
        ("execution.view", "execution.view@own", True), ("execution.view@own", "execution.view", False),
        ("*@pack:a", "*", False),
    ],
)  # fmt: skip
def test_nobody_covers_more_than_they_have(own: str, wanted: str, *, is_covered: bool) -> None:
    assert (covered(read([wanted]), by=read([own])) == []) is is_covered


def test_every_scope_is_of_a_resource_or_verb_that_there_is() -> None:
    resources = {verb.partition(".")[0] for verb in Verb}
    from apps.accounts.grants import SCOPES

    assert {name.partition(".")[0] for name in SCOPES} <= resources
    assert scopes_of("role.manage") == frozenset()


def test_a_kind_of_scope_of_another_version_gives_nothing() -> None:
    assert read(["execution.view@tenant:blue", "gate.view", "execution.run@", "pack.view@pack:"]) == (
        Grant("gate.view"),
    )
