"""From the columns of a request to what a model takes, by the code that training and batch scoring use."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.serving.features import Columns, FeatureRows, feature_rows
from stageline.serving.http.plain_rows import plain_rows
from stageline.serving.http.refused import invalid

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Form:
    """Which columns beside the features a request has: requests of one form can be asked together."""

    time: bool
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Intake:
    """What a model takes.

    :param columns: What the columns of a row are.
    :param key_types: The types of the keys in the log.
    :param integers: Numeric features that training knows as whole numbers.
    """

    columns: Columns
    key_types: "Mapping[str, pa.DataType]"
    integers: frozenset[str]

    def form(self, names: Collection[str]) -> Form:
        """Return the form of a request.

        Calendar features come from the event time; a caller who knows only the model's signature sends them himself.

        :raises RefusedRequest: A feature is missing.
        """
        time = self.columns.event_time in names
        derived = self.columns.calendar if time else ()
        if missing := [name for name in self.columns.features if name not in names and name not in derived]:
            more = f" (of {len(missing)})" if len(missing) > 1 else ""
            hint = f"; or give {self.columns.event_time!r}" if missing[0] in self.columns.calendar else ""
            raise invalid(f"the model's input {missing[0]!r}{more} is missing: {_listed(missing)}{hint}")
        return Form(time, tuple(name for name in self.columns.keys if name in names))

    def read(self, form: Form) -> tuple[str, ...]:
        """Return the columns of a request that are read, each once."""
        return self._columns(form).read

    def take(self, columns: Mapping[str, Sequence[Any]], form: Form) -> FeatureRows:
        """Make the features of rows.

        :raises RefusedRequest: A value is of another type than in training, or a row cannot be answered.
        """
        import pyarrow as pa

        own = self._columns(form)
        if (plain := plain_rows(own, self.key_types, columns)) is not None:
            return plain
        table = pa.table({name: self._array(name, columns[name]) for name in own.read})
        try:
            rows = feature_rows(table, own, self.integers)
        except DataError:
            # Its words may quote a value.
            raise invalid(f"column {own.event_time!r} holds too much that is no time") from None
        for reason, places in rows.left_out.items():
            raise invalid(f"{reason}: {len(places):,} row(s), first row {int(places[0]) + 1:,}")
        return rows

    def _columns(self, form: Form) -> Columns:
        return self._forms.setdefault(
            form,
            replace(self.columns, keys=form.keys)
            if form.time
            else replace(self.columns, keys=form.keys, calendar=(), event_time=None, zoned=False),
        )

    @cached_property
    def _forms(self) -> dict[Form, Columns]:
        return {}

    @cached_property
    def _numeric(self) -> frozenset[str]:
        return frozenset(self.columns.numeric)

    def _array(self, name: str, values: Sequence[Any]) -> "pa.Array":
        import pyarrow as pa

        if name in self._numeric:
            return _numbers(name, values)
        if name == self.columns.event_time:
            return _times(name, values)
        kind = self.key_types.get(name)
        try:
            if kind is None:
                return pa.array(list(map(_text, values)), pa.string(), from_pandas=True)
            # Asked for whole numbers at once, Arrow would cut 1.5 to 1.
            return pa.array(values, from_pandas=True).cast(kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            raise invalid(f"column {name!r} cannot be read as {kind or 'text'}, its type in training") from None


def _text(value: Any) -> Any:
    # As MLflow's server takes a number for a text.
    return str(value) if isinstance(value, int | float) and value == value else value  # noqa: PLR0124 - not a NaN


def _numbers(name: str, values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    try:
        return pa.array(values, pa.float64(), from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    try:
        plain = [float(value) if isinstance(value, bool) else value for value in values]
        return pa.array(plain, pa.float64(), from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise invalid(f"column {name!r} cannot be read as numbers, as in training") from None


def _times(name: str, values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa

    try:
        found = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise invalid(f"column {name!r} cannot be read as times: it mixes types") from None
    if pa.types.is_null(found.type):
        return found.cast(pa.timestamp("us"))
    if pa.types.is_string(found.type) or pa.types.is_timestamp(found.type) or pa.types.is_date(found.type):
        return found
    raise invalid(f"column {name!r} cannot be read as times; write them as 2026-03-21T14:00:00")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:10])) + (", …" if len(names) > 10 else "")  # noqa: PLR2004 - enough to see
