"""What the names of a table's columns must keep to, whatever the file's type."""

from collections.abc import Sequence

from stageline.exceptions import SourceError


def require_names(columns: Sequence[str], name: str) -> None:
    """Refuse a column without a name, and two of one name.

    :param name: How errors call the data.
    :raises SourceError: With the positions, counted from 1.
    """
    first: dict[str, int] = {}
    for position, column in enumerate(columns, start=1):
        if not column.strip():
            raise SourceError(f"{name!r}: column {position} of {len(columns)} has no name; give it one")
        if column in first:
            raise SourceError(
                f"{name!r}: columns {first[column]} and {position} have the same name {column!r}; rename one"
            )
        first[column] = position
