"""Which addresses the page may link to: http, https, or relative to where the page lies."""

import re
from urllib.parse import urlsplit

LONGEST_LINK = 2_000

# Browsers drop control characters and read a backslash as a slash: `java\tscript:` would run.
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")


def checked_link(url: str) -> str:
    """Return an address that is safe behind a plain link.

    :raises ValueError: It is empty, too long, has another scheme, carries a user name, or holds characters
        that browsers read differently.
    """
    if not url or len(url) > LONGEST_LINK:
        raise ValueError(f"a link must have 1 to {LONGEST_LINK:,} characters, found {len(url):,}")
    if _UNSAFE.search(url):
        raise ValueError(f"link {url[:80]!r} holds a space, a backslash or a control character; encode it")
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError("a link carries a user name or password; take it out")
    absolute = parts.scheme in {"http", "https"} and bool(parts.netloc)
    relative = not parts.scheme and not parts.netloc and not url.startswith("//")
    if not (absolute or relative):
        raise ValueError(f"link {url[:80]!r} must start with http:// or https://, or be a relative path")
    return url
