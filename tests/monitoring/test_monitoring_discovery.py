import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.monitoring.discovery import discoveries

CHANCES = st.one_of(st.floats(0, 1), st.floats(0, 0.02), st.sampled_from([0.0, 1.0, 0.05, 0.01]))


def stepped_up(chances, rate):
    """Return Benjamini and Hochberg's step-up procedure, from the largest chance down."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    for last in range(len(order), 0, -1):
        if chances[order[last - 1]] <= rate * last / len(order):
            limit = chances[order[last - 1]]
            return [chance <= limit for chance in chances]
    return [False] * len(chances)


@given(st.lists(CHANCES, max_size=30), st.sampled_from([0.01, 0.05, 0.2]))
def test_equal_weights_are_the_procedure_of_benjamini_and_hochberg(chances, rate):
    assert discoveries(chances, [1.0] * len(chances), rate=rate) == stepped_up(chances, rate)


def test_the_example_of_their_paper():
    # Benjamini and Hochberg (1995), section 3.2: four of fifteen stand.
    chances = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1,
    ]  # fmt: skip
    assert discoveries(chances, [1.0] * 15) == [True] * 4 + [False] * 11


@given(st.lists(st.tuples(CHANCES, st.floats(0, 10)), min_size=1, max_size=20), st.sampled_from([0.5, 8.0, 1024.0]))
def test_only_the_ratios_of_weights_matter(drawn, times):
    chances, weights = zip(*drawn, strict=True)
    assert discoveries(chances, [weight * times for weight in weights]) == discoveries(chances, weights)


@given(st.lists(st.tuples(CHANCES, st.sampled_from([0.0, 0.5, 3.0])), max_size=20))
def test_what_counts_for_nothing_is_never_found(drawn):
    chances, weights = [each[0] for each in drawn], [each[1] for each in drawn]
    found = discoveries(chances, weights)
    assert not any(stands for stands, weight in zip(found, weights, strict=True) if not weight)
    assert discoveries([0.0] * len(drawn), [0.0] * len(drawn)) == [False] * len(drawn)


@given(st.lists(st.tuples(CHANCES, st.floats(0.1, 10)), min_size=1, max_size=20), st.data())
def test_a_smaller_chance_never_loses_a_finding(drawn, data):
    chances, weights = [each[0] for each in drawn], [each[1] for each in drawn]
    place = data.draw(st.integers(0, len(drawn) - 1))
    better = [*chances]
    better[place] *= 0.3
    before, after = discoveries(chances, weights), discoveries(better, weights)
    assert all(now or not then for then, now in zip(before, after, strict=True))


def test_weight_decides_between_equal_chances():
    assert discoveries([0.03, 0.03], [1.9, 0.1]) == [True, False]
    assert discoveries([0.03, 0.03], [0.1, 1.9]) == [False, True]


def test_each_chance_has_a_weight():
    with pytest.raises(ValueError, match="2 chances and 1 weights"):
        discoveries([0.1, 0.2], [1.0])
