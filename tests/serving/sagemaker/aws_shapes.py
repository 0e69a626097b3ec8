"""The shapes of AWS' requests and answers, as botocore describes them."""

import re
from functools import cache

import botocore.session
from botocore.validate import ParamValidator


@cache
def service(name):
    return botocore.session.get_session().get_service_model(name)


class ShapeError(AssertionError):
    pass


def check_shape(value, shape, where):
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise ShapeError(f"{where}: {report.generate_report()}")
    _check_texts(value, shape, where)


def _check_texts(value, shape, where):
    """Check what botocore leaves to AWS: patterns, longest lengths, allowed words, unknown keys."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            if name not in shape.members:
                raise ShapeError(f"{where}: unknown key {name!r}")
            _check_texts(inner, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            _check_texts(inner, shape.member, where)
    elif shape.type_name == "map":
        for name, inner in value.items():
            _check_texts(name, shape.key, where)
            _check_texts(inner, shape.value, where)
    elif shape.type_name == "string":
        _check_text(value, shape.metadata, where)


def _check_text(value, about, where):
    pattern, longest, words = about.get("pattern"), about.get("max"), about.get("enum")
    for unknown, known in (("\\p{L}", "a-zA-Z"), ("\\p{Z}", " "), ("\\p{N}", "0-9")):
        pattern = (pattern or "").replace(unknown, known)
    if pattern and not re.fullmatch(pattern, value):
        raise ShapeError(f"{where}: {value!r} does not match {pattern}")
    if longest and len(value) > longest:
        raise ShapeError(f"{where}: {value!r} is longer than {longest}")
    if words and value not in words:
        raise ShapeError(f"{where}: {value!r} is none of {words}")
