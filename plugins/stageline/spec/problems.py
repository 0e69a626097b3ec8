"""What is wrong with a spec, and where: the form in which models hand it to the loader."""

from collections.abc import Iterable

from pydantic_core import PydanticCustomError

from stageline.spec.wording import KeyPath, dotted

# The path is relative to the section that reports the problem.
Problem = tuple[KeyPath, str]

CODE = "stageline_problems"


def refuse(problems: Iterable[Problem]) -> None:
    """End a model's validation if there is any problem; each keeps its own key.

    :raises PydanticCustomError: With the problems as its context.
    """
    listed = tuple(problems)
    if listed:
        text = "; ".join(f"{dotted(path)}: {message}" if path else message for path, message in listed)
        raise PydanticCustomError(CODE, "{text}", {"text": text, "problems": listed})
