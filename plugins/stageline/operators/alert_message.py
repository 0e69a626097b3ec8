"""What an alert says: its title, its text, and both as HTML."""

from dataclasses import dataclass
from html import escape

from stageline.operators.incident_log import Untold

_MOST_SHOWN = 10


@dataclass(frozen=True)
class Alert:
    """What a notifier's arguments may name as `alert`.

    :param title: One line: pipeline, topic, state.
    :param text: The sentence and the evidence, in plain lines.
    :param html: The same as HTML, with all that comes from the data escaped.
    :param owner: Who it is addressed to, as the spec names them; empty where the spec names nobody.
    :param role: What they answer for: `data`, `model`, `operations` or `business`.
    :param state: `opened`, `updated` or `closed`.
    :param severity: `critical` or `warning`.
    :param url: Address of the DAG run in Airflow; empty where it is not known.
    """

    title: str
    text: str
    html: str
    owner: str
    role: str
    state: str
    severity: str
    pipeline: str
    url: str


def alert_of(untold: Untold, pipeline: str, url: str | None) -> Alert:
    """Return the alert that tells of an incident.

    :param url: Address of the DAG run.
    """
    incident = untold.newest.incident
    # A line break in a column's name would be another header of a mail.
    title = " ".join(f"{pipeline}: {incident.topic} {untold.state} ({incident.severity})".split())
    times = "1 window" if incident.windows == 1 else f"{incident.windows:,} windows"
    about = f"Incident {incident.id}, since {incident.since:%Y-%m-%d %H:%M} UTC, in {times}."
    shown = incident.checks[:_MOST_SHOWN]
    lines = [f"{check.code} {check.name}: {check.message}" for check in shown]
    if len(incident.failing) > len(shown) and incident.is_open:
        lines.append(f"and more: {len(incident.failing):,} checks fail")
    before = "Failed:" if incident.is_open else "What had failed:"
    return Alert(
        title=title, text="\n".join([incident.sentence, "", about, before, *lines, *([url] if url else [])]),
        html="".join(
            [
                f"<h3>{escape(title)}</h3><p>{escape(incident.sentence)}</p><p>{escape(about)}</p><p>{before}</p>",
                f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>",
                f'<p><a href="{escape(url)}">The run in Airflow</a></p>' if url else "",
            ]
        ),
        owner=untold.newest.owner, role=untold.newest.role, state=untold.state, severity=str(incident.severity),
        pipeline=pipeline, url=url or "",
    )  # fmt: skip
