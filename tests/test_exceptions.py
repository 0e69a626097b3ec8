import inspect

from stageline import exceptions


def _drawn(lines):
    """Yield (depth, name) of each line of the tree in the docstring."""
    for line in lines:
        name = line.lstrip("│├└─ ").split()
        if name and name[0].endswith(("Error", "Refusal", "Outage")):
            yield (len(line) - len(line.lstrip("│├└─ "))) // 4, name[0]


def _parents(drawn):
    above = {}
    for depth, name in drawn:
        above[depth] = name
        yield name, above.get(depth - 1, "Exception")


def test_the_tree_in_the_docstring_is_the_real_tree():
    drawn = dict(_parents(_drawn(exceptions.__doc__.splitlines())))
    real = {
        name: kind.__bases__[0].__name__
        for name, kind in inspect.getmembers(exceptions, inspect.isclass)
        if kind.__module__ == exceptions.__name__
    }
    assert drawn == real


def test_every_error_says_what_it_is_for():
    for _, kind in inspect.getmembers(exceptions, inspect.isclass):
        assert kind.__doc__
        assert kind.__doc__ != kind.__bases__[0].__doc__


def test_a_refusal_is_never_an_outage():
    refusals = set(exceptions.Refusal.__subclasses__())
    assert refusals
    assert not refusals & set(exceptions.Outage.__subclasses__())
