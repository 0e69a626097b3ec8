"""A stage card's file: written together with its record, and compared with it later."""

from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError, SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stageline.ledger import Ledger, Record
    from stageline.operators.run_context import RunContext
    from stageline.readiness import Readiness
    from stageline.reporting import StageCard

KIND = "stage_card"


def write_card(run: "RunContext", judged: "Readiness", card: "StageCard", out: Path) -> int:
    """Record a card and write it to a file that says so; returns the record's position.

    :raises SpecError: The file cannot be written: then nothing is recorded.
    :raises StageError: The ledger's chain does not hold.
    """
    from stageline.readiness.graduation import require_whole
    from stageline.reporting import card_texts, stamped

    texts = card_texts(card)
    if out.suffix not in texts:
        raise SpecError(f"--out is {out.name!r}; expected a name that ends in .html or .md")
    require_whole(judged.faults)
    is_new = not out.exists()
    _open(out)
    try:
        record = _record(run, judged, card, texts)
    except BaseException:
        if is_new:
            out.unlink(missing_ok=True)
        raise
    try:
        out.write_text(stamped(texts[out.suffix], record.position), encoding="utf-8", newline="\n")
    except OSError as error:
        raise SpecError(
            f"{str(out)!r} cannot be written: {error.strerror}; record #{record.position} names a card that has no file"
        ) from error
    return record.position


def recorded_file(ledger: "Ledger", name: str, file: Path) -> "Record":
    """Return the record of a card's file.

    :raises ArtifactError: It is not the file that was recorded.
    :raises StageError: The ledger's chain does not hold.
    """
    from stageline.readiness.graduation import require_whole
    from stageline.reporting import read_stamp

    try:
        stamp = read_stamp(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{str(file)!r} cannot be read as a stage card: {error}") from error
    if stamp is None:
        raise ArtifactError(
            f"{str(file)!r} does not say which record it is: stageline card --out did not write it, or it was changed"
        )
    require_whole([f"#{fault.position}: {fault.message}" for fault in ledger.verify(name)])
    found = next(iter(ledger.records(name, positions=[stamp.record])), None)
    recorded = set(_files(found.evidence).values()) if found else set()
    if found is None or not recorded:
        raise ArtifactError(f"{str(file)!r} says that it is record #{stamp.record}, which is no stage card of {name!r}")
    if stamp.digest not in recorded or stamp.claimed != stamp.digest:
        raise ArtifactError(f"{str(file)!r} was changed: it is not what record #{stamp.record} says was written")
    return found


def _open(out: Path) -> None:
    if not out.parent.is_dir():
        raise SpecError(f"--out is {str(out)!r}: there is no folder {str(out.parent)!r}; make it first")
    try:
        with out.open("ab"):
            pass
    except OSError as error:
        raise SpecError(f"{str(out)!r} cannot be written: {error.strerror}") from error


def _record(run: "RunContext", judged: "Readiness", card: "StageCard", texts: "Mapping[str, str]") -> "Record":
    from stageline.operators.release_evidence import entry_of
    from stageline.operators.stage_card import digest_of_card
    from stageline.readiness.report import evidence_of
    from stageline.reporting import text_digest
    from stageline.verdicts import Verdict

    digest = digest_of_card(card)
    files = {suffix.removeprefix("."): text_digest(text) for suffix, text in texts.items()}
    entry = entry_of(
        run, kind=KIND, step=KIND, verdict=Verdict.PASSED,
        sentence=f"stage card written: score {card.score:g}, {digest[:19]}…",
        evidence={**evidence_of(judged, judged.stage()), "card": digest, "files": files}, key=digest,
    )  # fmt: skip
    return run.ledger.append(entry)


def _files(evidence: "Mapping[str, object]") -> "Mapping[str, str]":
    """Return the digests that a record holds: of this command, or of the step `readiness`."""
    inner = evidence.get("evidence")
    found = evidence.get("files") or (inner.get("files") if isinstance(inner, dict) else None)
    return found if isinstance(found, dict) else {}
