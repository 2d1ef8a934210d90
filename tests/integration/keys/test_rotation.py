"""Rotation seals everything anew, while others write, and after it was killed."""

import itertools
import threading

import pytest
from django.db import connection
from pytest_django import Settings

from apps.core.crypto import Keyring, KeyringError, key_id_of, keyring
from apps.executions.models import SecretParameters
from apps.executions.secrets import seal, unseal
from apps.keys import rotation
from apps.keys.canary import prove_keyring
from apps.keys.models import Key, KeyringCanary, KeyVersion
from apps.keys.owners import SYSTEM
from apps.keys.resolve import resolve
from apps.keys.rotation import NotRotated, count_left, request_rotation, rotate
from apps.keys.services import set_key
from apps.operations.models import Operation
from apps.operations.services import run_operation
from apps.packs.models import Pack, PackConfig
from apps.packs.services.config import set_config, show_config
from tests.factories import make_action
from tests.integration.keys.conftest import both, use
from tests.people import People
from tests.threads import race


def fill(count: int) -> list[str]:
    """Keys, secret parameters and a configuration; returns the names of the keys."""
    names = [f"key_{number}" for number in range(count)]
    for name in names:
        set_key(SYSTEM, name, value=f"value of {name}", by=None)
        seal({"token": name}).save()
    action = make_action()
    action.version.config_schema = {"password": {"type": "string", "secret": True}}
    action.version.save()
    set_config(Pack.objects.select_related("current").get(), {"password": "hush-hush"}, by=None)
    return names


def sealed_with() -> set[str]:
    sealed = [
        *KeyVersion.objects.exclude(sealed=None).values_list("sealed", flat=True),
        *SecretParameters.objects.values_list("sealed", flat=True),
        *PackConfig.objects.values_list("sealed", flat=True),
        *KeyringCanary.objects.values_list("sealed", flat=True),
    ]
    return {key_id_of(bytes(value or b"")) for value in sealed}


def all_opens(names: list[str]) -> bool:
    values = resolve(names, [SYSTEM]).values
    parameters = [unseal(row.pk, bytes(row.sealed)) for row in SecretParameters.objects.all()]
    config = show_config(Pack.objects.select_related("current").get())
    return (
        values == {name: f"value of {name}" for name in names}
        and sorted(item["token"] for item in parameters) == sorted(names)
        and config.values == {"password": "***"}
    )


def test_every_table_is_sealed_with_the_first_key_and_the_others_may_go(
    fresh: None, settings: Settings, older: Keyring
) -> None:
    prove_keyring(use(settings, older))
    names = fill(5)
    ring = use(settings, both(older))
    prove_keyring(ring)
    told: list[tuple[str, int]] = []
    rotated = rotate(ring, tell=lambda table, done: told.append((table, done)))
    assert rotated.done == {"keys": 5, "secret parameters": 5, "configurations of packs": 1}
    assert told[-1][1] == 11
    assert sealed_with() == {"new"}
    only_new = use(settings, Keyring({"new": ring.keys["new"]}))
    prove_keyring(only_new)
    assert all_opens(names)
    assert rotate(only_new).done == {}


def test_a_key_still_in_use_cannot_be_taken_out(fresh: None, settings: Settings, older: Keyring) -> None:
    prove_keyring(use(settings, older))
    fill(1)
    ring = use(settings, both(older))
    prove_keyring(ring)
    only_new = Keyring({"new": ring.keys["new"]})
    with pytest.raises(KeyringError, match="the key 'old' has encrypted secrets here but is not in the keyring"):
        prove_keyring(only_new)
    KeyringCanary.objects.filter(key_id="old").delete()  # also where a process went on with it after a rotation
    with pytest.raises(KeyringError, match="the key 'old' has encrypted secrets here"):
        prove_keyring(only_new)


def test_a_wrong_key_under_a_known_id_is_found_at_the_start(fresh: None, settings: Settings, older: Keyring) -> None:
    prove_keyring(use(settings, older))
    with pytest.raises(KeyringError, match="the key 'old' is not the one that encrypted this database"):
        prove_keyring(Keyring({"old": bytes(32)}))


def test_a_rotation_that_was_killed_goes_on_where_it_was(
    fresh: None, settings: Settings, older: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, older)
    names = fill(7)
    ring = use(settings, both(older))
    monkeypatch.setattr(rotation, "BATCH", 2)

    class Killed(BaseException):
        pass

    def die_in_the_third_batch(table: str, done: int) -> None:
        if done > 4:
            raise Killed

    with pytest.raises(Killed):
        rotate(ring, tell=die_in_the_third_batch)
    assert sealed_with() >= {"old", "new"}
    assert all_opens(names)
    left = count_left(ring)
    assert sum(rotate(ring).done.values()) == left == 9
    assert sealed_with() == {"new"}
    assert all_opens(names)


def test_under_load_nothing_is_lost(
    fresh: None, settings: Settings, older: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, older)
    fill(20)
    ring = use(settings, both(older))
    monkeypatch.setattr(rotation, "BATCH", 3)
    is_over = threading.Event()
    last: dict[str, str] = {}

    def rotate_thrice() -> None:
        try:
            for _ in range(3):
                rotate(ring)
        finally:
            is_over.set()

    def write(number: int) -> None:
        name = f"key_{number}"
        for count in itertools.count():
            set_key(SYSTEM, name, value=f"{name} {count}", by=None)
            last[name] = f"{name} {count}"
            assert resolve([name], [SYSTEM]).values[name] == last[name]
            seal({"token": name}).save()
            if is_over.is_set():
                return

    race(5, lambda number: rotate_thrice() if number == 0 else write(number))
    assert len(last) == 4
    assert resolve(list(last), [SYSTEM]).values == last
    assert count_left(ring) == 0
    assert Key.objects.count() == 20


def test_values_that_do_not_open_are_left_told_and_keep_their_key_in_use(
    fresh: None, settings: Settings, older: Keyring
) -> None:
    prove_keyring(use(settings, older))
    fill(2)
    broken = KeyVersion.objects.order_by("pk").first()
    assert broken is not None
    whole = bytes(broken.sealed or b"")
    before = whole[:-1] + bytes([whole[-1] ^ 1])
    KeyVersion.objects.filter(pk=broken.pk).update(sealed=before)
    ring = use(settings, both(older))
    with pytest.raises(NotRotated, match="1 of keys cannot be opened"):
        rotate(ring)
    broken.refresh_from_db()
    assert bytes(broken.sealed or b"") == before
    assert sealed_with() == {"old", "new"}
    assert KeyringCanary.objects.filter(key_id="old").exists()


def test_it_is_an_operation_with_progress(fresh: None, settings: Settings, older: Keyring, people: People) -> None:
    use(settings, older)
    fill(2)
    use(settings, both(older))
    operation = request_rotation(people.administrator)
    run_operation(operation.pk)
    ended = Operation.objects.get(pk=operation.pk)
    assert (ended.status, ended.subject) == ("succeeded", "new")
    assert ended.outcome == {
        "key": "new",
        "sealed": {"keys": 2, "secret parameters": 2, "configurations of packs": 1},
    }
    assert "5 values to seal with new" in ended.log


def test_a_dump_of_all_tables_has_no_value(people: People, settings: Settings, older: Keyring) -> None:
    """As whoever steals the database reads it: every column of every row, bytes as they are."""
    use(settings, older)
    canary = "sw0rdf1sh-canary-of-the-deep"
    set_key(SYSTEM, "a", value={"nested": [canary]}, by=people.administrator)
    set_key(SYSTEM, "a", value=canary, by=people.administrator)
    seal({"token": canary}).save()
    action = make_action()
    action.version.config_schema = {"password": {"type": "string", "secret": True}}
    action.version.save()
    set_config(Pack.objects.select_related("current").get(), {"password": canary}, by=people.administrator)
    rotate(keyring())
    seen = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    data = bytes(value) if isinstance(value, memoryview | bytes) else str(value).encode()
                    assert canary[:12].encode() not in data, table
                    seen += 1
    assert seen > 100
