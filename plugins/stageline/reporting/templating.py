"""How a page is made from its template: whatever is printed is bounded, escaped text."""

from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from stageline.reporting.details import in_words
from stageline.reporting.formats import length, money, nearly, number, percent, plain, rare, signed
from stageline.reporting.text import PROSE_CHARACTERS, VALUE_CHARACTERS, shown

if TYPE_CHECKING:
    from jinja2 import Environment

_BRIEF_CHARACTERS = 48


def render(template: str, **values: Any) -> str:
    """Return a template of this package, filled: the same values give the same characters.

    :param template: File name inside this package.
    """
    return _environment().get_template(template).render(values)


def _show(value: Any) -> Any:
    """Turn whatever a template prints into bounded text; what is already markup stays as it is."""
    from markupsafe import Markup

    return value if isinstance(value, Markup) else _told(value)


def _told(value: Any) -> str:
    """Return any value as bounded text."""
    text = plain(value)
    return shown(repr(value) if text is None else text, VALUE_CHARACTERS)


def _prose(text: str, limit: int = PROSE_CHARACTERS) -> Any:
    """Return a sentence that may be longer than a value, escaped; what stands in backticks becomes code."""
    from markupsafe import Markup, escape

    parts = shown(text, limit).split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner is only a character
        return escape("`".join(parts))
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if index % 2 else part for index, part in enumerate(parts))


def _brief(value: str) -> str:
    """Return the start of a text that the style sheet cuts anyway."""
    return shown(value, _BRIEF_CHARACTERS)


def _breakable(name: str) -> Any:
    """Return a long name, escaped, that may break after its underscores and brackets."""
    from markupsafe import Markup, escape

    escaped = escape(shown(name))
    return escaped.replace("_", Markup("_<wbr>")).replace("(", Markup("(<wbr>"))


def _bar(share: float) -> str:
    """Return a share as a CSS length, from nothing to all."""
    bounded = min(max(share, 0.0), 1.0) if isfinite(share) else 0.0
    return f"{100 * bounded:.1f}%"


def _address(url: str) -> Any:
    """Return a checked link whole: half an address leads nowhere."""
    from markupsafe import escape

    return escape(url)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("stageline", "reporting"),
        autoescape=True,
        finalize=_show,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address": _address,
        "bar": _bar,
        "breakable": _breakable,
        "brief": _brief,
        "in_words": in_words,
        "length_of_time": length,
        "nearly": nearly,
        "percent": percent,
        "prose": _prose,
        "rare": rare,
        "signed": signed,
        "told": _told,
    }
    environment.tests["finite"] = isfinite
    environment.globals |= {"money": money, "number": number}
    return environment
