"""`stageline quality propose`: the expectations that a pipeline's data support, beside those it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from stageline.onboarding.suite_merge import SuiteEntry, diff, merge
from stageline.onboarding.suite_text import Room, count_nodes, fitting, section_lines
from stageline.quality import ProposedExpectation, propose_with_notes
from stageline.spec.loading import LoadedSpec, load_pipeline
from stageline.spec.models import Expectation
from stageline.spec.strict_yaml import parse_yaml
from stageline.tables import read_source
from stageline.tables.wording import printable, shown

_SHOWN_KEPT = 5


@dataclass(frozen=True)
class SuiteProposal:
    """What the data propose for a pipeline's `quality:`, and how that differs from what stands there.

    :param text: The section as YAML, a comment above each expectation; those the data do not propose are kept.
    :param diff: The difference as a unified diff, an expectation a line; empty where there is none.
    :param notes: Sentences for the terminal: what no expectation can say, and what is kept.
    """

    text: str
    diff: str
    notes: tuple[str, ...]


def propose_suite(pipeline_name: str, folder_of_specs: Path) -> SuiteProposal:
    """Propose a pipeline's expectations from its source as it is now. Nothing is written.

    :param folder_of_specs: The folder `config/pipelines` of a project.
    :raises SpecError: There is no such pipeline, or its file is wrong.
    :raises SourceError: The source cannot be read.
    :raises DataError: A key, the event time or the target is not a column.
    """
    loaded = load_pipeline(pipeline_name, folder_of_specs)
    spec = loaded.spec
    table = read_source(spec.source.uri, loaded.project).table
    found = propose_with_notes(
        table.to_pandas(),
        keys=spec.source.keys,
        event_time=spec.source.event_time,
        target=spec.target.column,
        exclude=spec.features.exclude,
        private=spec.source.private,
        age_watched=spec.quality_gate.max_age is not None,
    )
    entries, left_out = _that_fit(merge(spec.quality, found.expectations), _room(loaded))
    lines = section_lines([ProposedExpectation(entry.expectation, entry.support) for entry in entries], left_out)
    notes = [*found.notes, *_on_kept(entries)]
    return SuiteProposal("\n".join([*lines, ""]), diff(entries), tuple(map(printable, notes)))


def _that_fit(entries: Sequence[SuiteEntry], room: Room) -> tuple[list[SuiteEntry], int]:
    """Return what a pipeline's file can hold, and how much was left out: never what stands there now."""
    new = [ProposedExpectation(entry.expectation, entry.support) for entry in entries if entry.before is None]
    for entry in entries:
        if entry.before is not None:
            room = room.less(ProposedExpectation(entry.expectation, entry.support))
    kept = {id(item.expectation) for item in fitting(new, room)}
    fit = [entry for entry in entries if entry.before is not None or id(entry.expectation) in kept]
    return fit, len(entries) - len(fit)


def _room(loaded: LoadedSpec) -> Room:
    """Return the room that the file's other sections leave."""
    content = loaded.path.read_bytes()
    document = parse_yaml(content, file=loaded.path.name)
    lines = content.splitlines(keepends=True)
    begins = [*sorted(document.line((key,)) for key in document.value), len(lines) + 1]
    sections = {begin: b"".join(lines[begin - 1 : end - 1]) for begin, end in pairwise(begins)}
    quality = sections[document.line(("quality",))] if "quality" in document.value else b""
    nodes = sum(count_nodes(section) for key, section in document.value.items() if key != "quality")
    return Room.beside(len(content) - len(quality), nodes)


def _on_kept(entries: Sequence[SuiteEntry]) -> Iterator[str]:
    kept = [entry.expectation for entry in entries if entry.kept]
    if kept:
        listed = ", ".join(_called(expectation) for expectation in kept[:_SHOWN_KEPT])
        more = f" and {len(kept) - _SHOWN_KEPT:,} more" if len(kept) > _SHOWN_KEPT else ""
        yield f"Kept, though the data do not propose {'it' if len(kept) == 1 else 'them'}: {listed}{more}."


def _called(expectation: Expectation) -> str:
    given = expectation.arguments
    columns = [given[name] for name in ("column", "column_A", "column_B") if name in given]
    listed = ", ".join(map(shown, columns or given.get("column_list", ())))
    return f"{expectation.type}({listed})" if listed else expectation.type
