"""Alerts through Airflow's notifiers: the one that the configuration names, or this module's own."""

import copy
import functools
import importlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from stageline.exceptions import Outage, SpecError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from stageline.operators.alert_message import Alert
    from stageline.settings import Settings

_CLASS, _ARGUMENTS = "[stageline] notifier", "[stageline] notifier_arguments"
_EXAMPLE = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"


class LogNotifier(BaseNotifier):
    """Write an alert to the task's log."""

    def notify(self, context: "Context") -> None:
        """Write title and text."""
        alert: Alert = context["alert"]
        to = f" (to {alert.owner}, {alert.role})" if alert.owner else ""
        self.log.warning("%s%s\n%s", alert.title, to, alert.text)


@dataclass(frozen=True)
class Way:
    """A way to tell somebody.

    :param name: What an error calls it.
    :param make: Makes a notifier: one that was called holds what it told, so each alert has its own.
    """

    name: str
    make: Callable[[], Any]


def ways_of(settings: "Settings", given: Sequence[Any] = ()) -> tuple[Way, ...]:
    """Return the ways that are given, or else the one that the configuration names.

    :param given: Notifiers.
    :raises SpecError: The configuration names no notifier, or arguments that it does not take.
    """
    if given:
        return tuple(Way(_path_of(type(each)), functools.partial(copy.copy, each)) for each in given)
    arguments = _arguments(settings.notifier_arguments)
    if not settings.notifier:
        if arguments:
            raise SpecError(f"{_ARGUMENTS} is set, but {_CLASS} names no class; e.g. {_EXAMPLE}")
        return (Way(_path_of(LogNotifier), LogNotifier),)
    kind = _class_of(settings.notifier)

    def make() -> Any:
        try:
            # Rendering writes into lists and dictionaries, too.
            return kind(**copy.deepcopy(arguments))
        except Exception as error:
            raise SpecError(
                f"{_ARGUMENTS} is {settings.notifier_arguments!r}, which {_CLASS} = {settings.notifier!r} does not "
                f"take: {_said(error)}"
            ) from error

    # Found out now, and not by the first alert.
    make()
    return (Way(f"{_CLASS} = {settings.notifier!r}", make),)


def tell(alert: "Alert", ways: Sequence[Way], context: "Context") -> None:
    """Tell somebody in every way.

    :raises Outage: One of them raised; the others have told.
    """
    problems: list[tuple[str, Exception]] = []
    for way in ways:
        try:
            # A copy: a notifier writes its own fields into what it is given.
            way.make()({**context, "alert": alert})
        except Exception as error:  # noqa: BLE001 - whatever a notifier of the user's choice raises
            problems.append((f"{way.name} did not tell {alert.owner or 'anybody'}: {_said(error)}", error))
    if problems:
        raise Outage("; ".join(problem for problem, _ in problems)) from problems[0][1]


def _arguments(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SpecError(f"{_ARGUMENTS} is {text!r}, which is no JSON: {error}; {_EXPECTED}") from None
    if not isinstance(found, dict):
        raise SpecError(f"{_ARGUMENTS} is {text!r}, a JSON {type(found).__name__}; {_EXPECTED}")
    return found


_EXPECTED = 'expected a JSON object, e.g. {"to": "{{ alert.owner }}", "subject": "{{ alert.title }}"}'


def _class_of(path: str) -> type[BaseNotifier]:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:
        message = f"{_CLASS} is {path!r}, which cannot be imported: {_said(error)}; expected e.g. {_EXAMPLE}"
        raise SpecError(message) from error
    if not isinstance(found, type) or not issubclass(found, BaseNotifier):
        raise SpecError(f"{_CLASS} is {path!r}, which is no notifier of Airflow's; expected e.g. {_EXAMPLE}")
    return found


def _path_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
