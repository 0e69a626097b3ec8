import base64

import pytest

from stageline.standalone import StandaloneError
from stageline.standalone.keys import keys_of


def test_secrets_are_long_enough_and_only_for_their_owner(home):
    keys = keys_of(home)
    assert len(keys.jwt_secret.encode()) >= 64
    assert len(base64.urlsafe_b64decode(keys.fernet_key)) == 32
    assert home.keys.stat().st_mode & 0o777 == 0o600


def test_a_second_start_finds_the_same_secrets(home):
    assert keys_of(home) == keys_of(home)


def test_secrets_do_not_show(home):
    keys = keys_of(home)
    assert keys.fernet_key not in repr(keys)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
def test_a_damaged_file_is_named_and_not_overwritten(home, text):
    home.keys.write_text(text, encoding="utf-8")
    with pytest.raises(StandaloneError, match=r"keys\.json"):
        keys_of(home)
    assert home.keys.read_text(encoding="utf-8") == text
