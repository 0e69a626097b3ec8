"""The ledger itself: open, append, find, read, verify."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Result, Select, insert, select
from sqlalchemy.exc import IntegrityError

from stageline.exceptions import HeadError, LedgerError
from stageline.ledger.canary import CANARY, CANARY_END, Canary
from stageline.ledger.chain import FIRST_PREVIOUS, chain_faults
from stageline.ledger.engines import WAIT_SECONDS, make_engine, plain_errors, writing
from stageline.ledger.head import ALL_MOVES, PROMOTION, ROLLBACK, Head, replay
from stageline.ledger.heads import begin_canary_in, change_canary_in, promote_in, read_head, roll_back_in
from stageline.ledger.metered import MeteredRecord, metered_query
from stageline.ledger.model_version import ModelVersion
from stageline.ledger.records import ChainFault, Entry, Record
from stageline.ledger.rows import evidence_text, record_of, row_of
from stageline.ledger.schema import RECORD
from stageline.ledger.upgrading import upgrade_if_needed
from stageline.ledger.urls import parse_url, shown

_COLUMNS = [column for column in RECORD.columns if column is not RECORD.c.sequence]
_ROWS_AT_ONCE = 200


class Ledger:
    """An append-only log of records, one hash chain a pipeline, on SQLite or PostgreSQL.

    It holds no open connection between calls, and threads and forked processes may share it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a ledger; a new one is made, an older one brought to this package's version.

        :param url: `sqlite:////FOLDER/ledger.db` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`.
        :raises LedgerError: When it cannot be reached, is no ledger, or was written by a newer package.
        """
        engine = make_engine(parse_url(url))
        with plain_errors(engine):
            upgrade_if_needed(engine)
        return cls(engine)

    def append(self, entry: Entry) -> Record:
        """Append an entry to its pipeline's chain; with a key that exists, return that record unchanged.

        :raises LedgerError: When the evidence has no JSON form or is too large, when the key belongs to
            another pipeline, kind or step, or when the ledger cannot be written.
        """
        evidence_text(entry)
        return self._write(entry, lambda connection: _append_in(connection, entry))

    def head(self, pipeline: str) -> Head:
        """Return what a pipeline serves; generation 0 before its first release."""
        with plain_errors(self._engine), self._engine.connect() as connection:
            return read_head(connection, pipeline)

    def promote(self, entry: Entry, candidate: ModelVersion, *, expected: int) -> Record:
        """Make a candidate the champion, with its record, in one transaction.

        With a key that exists, that record is returned and nothing changes.

        :param expected: Generation of the head that the candidate was judged against.
        :raises HeadError: The head moved since, or the candidate is older than what was promoted.
        :raises LedgerError: The ledger cannot be written.
        """
        named = entry.model_copy(update={"kind": PROMOTION})
        return self._write(named, lambda connection: promote_in(connection, named, candidate, expected, _append_in))

    def roll_back(self, entry: Entry, version: int | None = None, *, expected: int | None = None) -> Record:
        """Make an earlier champion the champion again, with its record, in one transaction.

        :param version: Which; none: the one before this one.
        :param expected: Generation of the head that is to be left; none: whatever it is.
        :raises HeadError: There is no such champion, or the head moved since.
        :raises LedgerError: The ledger cannot be written.
        """
        named = entry.model_copy(update={"kind": ROLLBACK})
        return self._write(named, lambda connection: roll_back_in(connection, named, version, expected, _append_in))

    def begin_canary(
        self, entry: Entry, candidate: ModelVersion, percent: int, *, expected: int, until: datetime | None = None
    ) -> Record:
        """Try a candidate beside the champion, with its record, in one transaction; its position names the rollout.

        :param percent: Share of the traffic, 0 to 100; 0: as a shadow.
        :param expected: Generation of the head that the candidate was judged against.
        :param until: When it leaves the traffic by itself, with a time zone; none: never.
        :raises HeadError: The head moved since, there is no champion, or a rollout is under way.
        :raises LedgerError: The ledger cannot be written.
        """
        named = entry.model_copy(update={"kind": CANARY})
        canary = Canary(model=candidate, percent=percent, until=until)
        return self._write(named, lambda at: begin_canary_in(at, named, canary, expected, _append_in))

    def shift_canary(self, entry: Entry, percent: int, *, sequence: int, until: datetime | None = None) -> Record:
        """Give the canary of a rollout another share of the traffic, with its record, in one transaction.

        :param until: When it leaves the traffic by itself, with a time zone; none: never.
        :raises HeadError: That rollout is over.
        :raises LedgerError: The ledger cannot be written.
        """
        named = entry.model_copy(update={"kind": CANARY})
        return self._write(named, lambda at: change_canary_in(at, named, sequence, (percent, until), _append_in))

    def end_canary(self, entry: Entry, *, sequence: int) -> Record:
        """Take the canary of a rollout out of the traffic, with its record, in one transaction.

        :raises HeadError: That rollout is over.
        :raises LedgerError: The ledger cannot be written.
        """
        named = entry.model_copy(update={"kind": CANARY_END})
        return self._write(named, lambda at: change_canary_in(at, named, sequence, None, _append_in))

    def find(self, idempotency_key: str) -> Record | None:
        """Return the record with this key, or None."""
        with plain_errors(self._engine), self._engine.connect() as connection:
            return _find(connection, idempotency_key)

    def newest(
        self, pipeline: str, *, run_id: str | None = None, dag_id: str | None = None, step: str | None = None
    ) -> Record | None:
        """Return the newest record of a pipeline that fits, or None."""
        found = self.records(pipeline, dag_id=dag_id, run_id=run_id, step=step, limit=1)
        return found[0] if found else None

    def records(
        self,
        pipeline: str | None = None,
        *,
        dag_id: str | None = None,
        run_id: str | None = None,
        step: str | None = None,
        kinds: Sequence[str] | None = None,
        positions: Sequence[int] | None = None,
        upto: int | None = None,
        newest_first: bool = True,
        limit: int | None = None,
    ) -> list[Record]:
        """Return the records that fit, of one pipeline or of all, in the order they were written.

        :param kinds: Of these kinds only.
        :param positions: At these places of a chain only.
        :param upto: At this place of a chain or before it.
        :param limit: At most so many, counted from the end that comes first.
        """
        if limit is not None and limit < 0:
            raise LedgerError(f"limit is {limit}; expected 0 or more, or None for all records")
        wanted = {"pipeline": pipeline, "dag_id": dag_id, "run_id": run_id, "step": step}
        listed = {"kind": kinds, "position": positions}
        order = RECORD.c.sequence if pipeline is None else RECORD.c.position
        query = (
            select(*_COLUMNS)
            .where(*(RECORD.c[name] == value for name, value in wanted.items() if value is not None))
            .where(*(RECORD.c[name].in_(values) for name, values in listed.items() if values is not None))
            .where(*(() if upto is None else (RECORD.c.position <= upto,)))
            .order_by(order.desc() if newest_first else order)
            .limit(limit)
        )
        with plain_errors(self._engine), self._engine.connect() as connection:
            return [record_of(row) for row in _rows(connection.execute(query))]

    def metered(self, pipeline: str, *, dag_id: str | None = None, run_id: str | None = None) -> list[MeteredRecord]:
        """Return what was metered of a pipeline, and its promotions, the earliest first.

        :raises LedgerError: A record was edited into something that cannot be read.
        """
        with plain_errors(self._engine), self._engine.connect() as connection:
            return [MeteredRecord.of(row) for row in _rows(connection.execute(metered_query(pipeline, dag_id, run_id)))]

    def pipelines(self) -> list[str]:
        """Return the names of all pipelines with a record, sorted."""
        with plain_errors(self._engine), self._engine.connect() as connection:
            # Sorted here: each database sorts text in its own way.
            return sorted(connection.execute(select(RECORD.c.pipeline).distinct()).scalars())

    def verify(self, pipeline: str | None = None) -> list[ChainFault]:
        """Return every place where a chain does not hold: edited records, gaps, forks; none is good.

        What was cut off at a chain's end leaves no trace: to see that too, keep the newest digest elsewhere.
        """
        faults: list[ChainFault] = []
        for name in self.pipelines() if pipeline is None else [pipeline]:
            with plain_errors(self._engine), self._engine.connect() as connection:
                stream = connection.execution_options(yield_per=_ROWS_AT_ONCE)
                faults.extend(chain_faults(name, _rows(stream.execute(_chain(name)))))
            faults.extend(self._head_faults(name))
        return faults

    def _head_faults(self, pipeline: str) -> list[ChainFault]:
        """Return where the head is not the one that the log gives."""
        head = self.head(pipeline)
        try:
            with plain_errors(self._engine), self._engine.connect() as connection:
                moves = _rows(connection.execute(_chain(pipeline).where(RECORD.c.kind.in_(ALL_MOVES))))
                replayed = replay(pipeline, map(record_of, moves))
        except (LedgerError, HeadError, ValidationError) as error:
            return [ChainFault(pipeline=pipeline, position=max(head.position, 1), message=str(error))]
        if replayed == head:
            return []
        differ = ", and they differ" if replayed.generation == head.generation else ""
        message = f"the head is generation {head.generation}, the log gives generation {replayed.generation}{differ}"
        return [ChainFault(pipeline=pipeline, position=max(head.position, replayed.position, 1), message=message)]

    def _write(self, entry: Entry, write: Callable[[Connection], Record]) -> Record:
        """Write in one transaction, unless a record with the entry's key is there already."""
        give_up = time.monotonic() + WAIT_SECONDS
        with plain_errors(self._engine):
            while True:
                try:
                    with writing(self._engine) as connection:
                        existing = _find(connection, entry.idempotency_key)
                        return write(connection) if existing is None else _same(existing, entry)
                except IntegrityError:
                    # Another writer took the position, the key or the first head; look again.
                    if time.monotonic() > give_up:
                        raise

    def close(self) -> None:
        """Let go of what the ledger holds."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({shown(self._engine.url)!r})"


def _append_in(connection: Connection, entry: Entry) -> Record:
    position, previous_digest = _end_of_chain(connection, entry.pipeline)
    row = row_of(
        entry,
        evidence_text(entry),
        position=position + 1,
        recorded_at=datetime.now(UTC),
        previous_digest=previous_digest,
    )
    connection.execute(insert(RECORD).values(row))
    return record_of(row)


def _chain(pipeline: str) -> Select[Any]:
    return select(*_COLUMNS).where(RECORD.c.pipeline == pipeline).order_by(RECORD.c.position)


def _rows(result: Result[Any]) -> Iterator[dict[str, Any]]:
    names = tuple(result.keys())
    return (dict(zip(names, row, strict=True)) for row in result)


def _find(connection: Connection, idempotency_key: str) -> Record | None:
    query = select(*_COLUMNS).where(RECORD.c.idempotency_key == idempotency_key)
    return next((record_of(row) for row in _rows(connection.execute(query))), None)


def _end_of_chain(connection: Connection, pipeline: str) -> tuple[int, str]:
    query = (
        select(RECORD.c.position, RECORD.c.digest)
        .where(RECORD.c.pipeline == pipeline)
        .order_by(RECORD.c.position.desc())
        .limit(1)
    )
    last = connection.execute(query).first()
    return (0, FIRST_PREVIOUS) if last is None else (last.position, last.digest)


def _same(record: Record, entry: Entry) -> Record:
    found, wanted = ((it.pipeline, it.kind, it.step) for it in (record, entry))
    if found != wanted:
        raise LedgerError(
            f"idempotency key {entry.idempotency_key!r} belongs to record {record.position} of pipeline, "
            f"kind and step {found}, not {wanted}; give each step its own key"
        )
    return record
