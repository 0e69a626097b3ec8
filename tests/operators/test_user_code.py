import functools

import pytest
from airflow.sdk import BaseOperator

from stageline.operators import TrainOperator
from stageline.operators.user_code import code_name, code_of


def function(rows, spec):
    """Stand for a training function."""


@functools.wraps(function)
def wrapped(rows, spec):
    """Stand for a decorated one."""


class Trainer:
    """A callable object with a setting."""

    def __init__(self, depth):
        self.depth = depth

    def __call__(self, rows, spec):
        return self.depth


class OwnOperator(TrainOperator):
    """An operator of the user's own."""


@pytest.mark.parametrize("shipped", [TrainOperator, BaseOperator])
def test_what_is_shipped_counts_by_its_version(shipped):
    assert code_of(shipped) == ""


@pytest.mark.parametrize("own", [function, wrapped, Trainer(1), Trainer, OwnOperator, functools.partial(function, 1)])
def test_what_a_user_wrote_counts(own):
    assert len(code_of(own)) == 32
    assert code_of(own) == code_of(own)


def test_settings_count():
    assert code_of(Trainer(1)) != code_of(Trainer(2))
    assert code_of(functools.partial(function, depth=1)) != code_of(functools.partial(function, depth=2))


def test_the_address_of_a_setting_does_not_count():
    assert code_of(functools.partial(function, object())) == code_of(functools.partial(function, object()))


@pytest.mark.parametrize(
    ("own", "name"),
    [
        (function, "function"),
        (functools.partial(functools.partial(function, 1), 2), "function"),
        (Trainer(1), "Trainer"),
    ],
)
def test_names(own, name):
    assert code_name(own) == f"test_user_code.{name}"


def test_the_name_of_a_dag_files_function_has_no_hash(monkeypatch):
    monkeypatch.setattr(function, "__module__", f"unusual_prefix_{'a1' * 20}_my_dags")
    assert code_name(function) == "my_dags.function"
