"""The step `quality`: whether data can be read, keep their expectations, and how many rows have to stay behind."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.operators.table_arguments import parse_expectations, parse_gate, require_one_subject, require_sound
from stageline.operators.table_check import TableCheck
from stageline.operators.table_place import FILE_ENGINES, TablePlace
from stageline.verdicts import Report

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.spec.models import Expectation


class DataQualityOperator(GateOperator):
    """Check data against expectations with Great Expectations, and put the rows aside that fail them.

    With `pipeline`, source and expectations are the spec's, and the steps after this one go on with the rows
    that passed. With `table`, any table is checked on its own; no spec is needed.

    :param pipeline: Name of the pipeline.
    :param table: Path of a CSV, Parquet or Delta table, inside the project or absolute; with `conn_id`, the
        name of a table in that database.
    :param conn_id: Airflow connection of a PostgreSQL database; the checks run there.
    :param schema: The database's schema; default: the connection's search path.
    :param engine: For a file: `duckdb` (the default; reads what it needs, whatever the size), `pandas` or `spark`.
    :param expectations: As the spec's `quality` takes them; also with a `row_condition`, and queries
        (`unexpected_rows_expectation`).
    :param quality_gate: As the spec's `quality_gate`: `max_quarantined` and `persist`.
    :param private: Columns whose values stand in no message, record or report.
    :param record_as: Name under which a table's runs are recorded; default: the DAG's id. Where a DAG checks
        several tables, give each a name of its own: pages and quarantined rows lie under it.
    """

    step = "quality"
    page = "quality.html"
    template_fields = ("pipeline", "table", "schema")

    def __init__(
        self,
        *,
        pipeline: str | None = None,
        table: str | None = None,
        conn_id: str | None = None,
        schema: str | None = None,
        engine: str | None = None,
        expectations: "Sequence[Mapping[str, Any] | Expectation]" = (),
        quality_gate: Mapping[str, Any] | None = None,
        private: Collection[str] = (),
        record_as: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pipeline=pipeline, **kwargs)
        task = f"task {self.task_id!r}"
        given = {
            "conn_id": conn_id, "schema": schema, "engine": engine, "expectations": expectations,
            "quality_gate": quality_gate, "private": private, "record_as": record_as,
        }  # fmt: skip
        require_one_subject(task, pipeline=pipeline, table=table, given=given)
        require_sound(task, conn_id=conn_id, schema=schema, engine=engine, private=private, record_as=record_as)
        self.table = table
        self.conn_id = conn_id
        self.schema = schema
        self.engine = engine
        self.expectations = parse_expectations(expectations, task)
        self.quality_gate = parse_gate({} if quality_gate is None else quality_gate, task)
        self.private = tuple(private)
        self.name_on_record = record_as

    @property
    def record_as(self) -> str | None:
        """What the runs of a table without a pipeline are recorded under."""
        return self.name_on_record

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the source as it is now, and what a person let in again."""
        from stageline.operators.releases import released_ids

        if run.loaded is None:
            return self._table_check(run).inputs(run)
        return {"source": run.source.digest, "released": sorted(released_ids(run.ledger, run.name))}

    def check(self, run: "RunContext") -> Report:
        """Check the data."""
        from stageline.operators.pipeline_check import check_pipeline

        if run.loaded is None:
            return self._table_check(run).check(run)
        return check_pipeline(run, self._mode(run), datetime.now(UTC))

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log the page with every expectation."""
        from stageline.operators.quality_content import quality_content
        from stageline.reporting import render_quality_page
        from stageline.tracking import log_texts

        private = self.private if run.loaded is None else run.spec.source.private
        page = render_quality_page(quality_content(run, report, private))
        with run.tracking.resume(mlflow_run):
            log_texts({self.page: page})

    def _table_check(self, run: "RunContext") -> TableCheck:
        place = TablePlace(
            table=str(self.table),
            conn_id=self.conn_id,
            schema=self.schema,
            engine=self.engine or FILE_ENGINES[0],
            project=run.project,
        )
        return TableCheck(place, self.expectations, self.quality_gate, self.private)
