"""What every role does first: it refuses to start with keys that are not those of this database."""

import base64
import os
from typing import Any

import pytest

from apps.core.crypto import keyring
from apps.keys.canary import prove_keyring
from apps.keys.starting import StartRefused, refuse_wrong_start


@pytest.mark.usefixtures("fresh")
def test_the_keyring_that_encrypted_here_may_start() -> None:
    refuse_wrong_start()
    refuse_wrong_start()


@pytest.mark.usefixtures("fresh")
def test_another_keyring_may_not_start_and_one_sentence_says_why(settings: Any) -> None:
    prove_keyring(keyring())
    other = base64.b64encode(os.urandom(32)).decode()
    settings.ATTUNE_ENCRYPTION_KEYS = f"test:{other}"
    with pytest.raises(StartRefused, match="is not the one that encrypted this database") as refused:
        refuse_wrong_start()
    assert other not in str(refused.value)
    settings.ATTUNE_ENCRYPTION_KEYS = f"new:{other}"
    with pytest.raises(StartRefused, match="has encrypted secrets here but is not in the keyring"):
        refuse_wrong_start()


def test_a_debug_server_may_not_start(settings: Any) -> None:
    settings.DEBUG = True
    with pytest.raises(StartRefused, match=r"attune\.E004"):
        refuse_wrong_start()
