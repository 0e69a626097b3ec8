"""The secrets of one home: made once, kept in a file that only its owner may read."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields

from stageline.standalone.errors import StandaloneError
from stageline.standalone.home import Home

_JWT_BYTES = 64  # HS512, with which Airflow signs, asks for a key as long as its digest


@dataclass(frozen=True)
class Keys:
    """Secrets that all parts of one Airflow share."""

    jwt_secret: str = field(repr=False)
    api_secret_key: str = field(repr=False)
    fernet_key: str = field(repr=False)


def keys_of(home: Home) -> Keys:
    """Return the home's secrets; the first call makes them.

    A second start needs the same Fernet key: connections in the database are encrypted with it.

    :raises StandaloneError: When the file is damaged.
    """
    try:
        return _read(home)
    except FileNotFoundError:
        keys = Keys(
            jwt_secret=secrets.token_urlsafe(_JWT_BYTES),
            api_secret_key=secrets.token_urlsafe(_JWT_BYTES),
            fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        )
    descriptor = os.open(home.keys, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(keys), file)
    return keys


def _read(home: Home) -> Keys:
    try:
        found = json.loads(home.keys.read_text(encoding="utf-8"))
        return Keys(**{each.name: str(found[each.name]) for each in fields(Keys)})
    except (ValueError, KeyError, TypeError) as error:
        raise StandaloneError(
            f"{str(home.keys)!r} does not hold this Airflow's secrets; "
            f"remove {str(home.folder)!r} to start over without them"
        ) from error
