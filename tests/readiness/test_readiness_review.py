"""A person's word for a review adds to what git shows only where it was given for the spec as it is."""

from datetime import timedelta

import pytest
from full_evidence import NOW, judged, points, spec_of, with_fact

from stageline.readiness import Facts, content_digest
from stageline.verdicts import Verdict

CODE = "SL-L201"
COMMITTED = NOW - timedelta(days=10)


def committed(facts, worth=0.5, at=NOW, **body):
    told = {"code": CODE, "worth": worth, "content": content_digest(facts.spec), **body}
    verdict = Verdict.WARNED if worth < 1 else Verdict.PASSED
    return with_fact(facts, kind="earned", step="earn", verdict=verdict, at=at, evidence={"evidence": told})


def attested(facts, days, **told):
    """Add a review that was attested so many days ago."""
    evidence = {"code": CODE, "by": "bea", **told}
    return with_fact(
        facts, kind="attestation", step="attestation", sentence="attested by bea", at=NOW - timedelta(days=days),
        evidence=evidence,
    )  # fmt: skip


def worth(facts, now=NOW):
    return points(facts, now)[CODE]


@pytest.fixture
def bare():
    return Facts(spec_of("pilot"))


@pytest.mark.parametrize(("days", "expected"), [(9, 1.0), (10, 1.0), (11, 0.5), (300, 0.5)])
def test_what_was_attested_before_the_commit_was_of_another_spec(bare, days, expected):
    facts = committed(attested(bare, days), committed_at=COMMITTED.isoformat())
    assert worth(facts) == expected


def test_the_newest_word_counts_whatever_was_recorded_first(bare):
    facts = attested(committed(attested(bare, 300), committed_at=COMMITTED.isoformat(), at=NOW - timedelta(days=9)), 0)
    assert worth(facts) == 1.0


def test_a_commit_in_another_time_zone_is_of_the_same_moment(bare):
    assert worth(committed(attested(bare, 10), committed_at="2026-11-12T14:00:00+02:00")) == 1.0
    assert worth(committed(attested(bare, 10), committed_at="2026-11-12T14:00:00+01:00")) == 0.5


def test_without_the_time_of_the_commit_the_look_at_it_counts(bare):
    assert worth(committed(attested(bare, 1))) == 0.5
    assert worth(attested(committed(bare), 0)) == 1.0


@pytest.mark.parametrize(("other", "expected"), [(False, 1.0), (True, 0.5)])
def test_the_content_on_record_decides_where_there_is_one(bare, other, expected):
    content = "sha256:other" if other else content_digest(bare.spec)
    # Given long before the commit: a branch is reviewed before it is merged.
    assert worth(committed(attested(bare, 300, content=content), committed_at=COMMITTED.isoformat())) == expected


def test_a_word_that_no_longer_holds_takes_nothing_away(bare):
    facts = committed(attested(bare, 400), committed_at=COMMITTED.isoformat())
    assert worth(facts) == 0.5


def test_a_review_in_git_needs_no_word(bare):
    assert worth(committed(attested(bare, 300), worth=1.0, committed_at=COMMITTED.isoformat())) == 1.0


def test_a_look_that_could_not_be_made_says_why(bare):
    facts = with_fact(
        committed(bare), kind="earned", step="earn", verdict=Verdict.ERRORED, sentence="git is broken",
        evidence={"evidence": {"code": CODE, "worth": 1.0}},
    )  # fmt: skip
    found = next(each for each in judged(facts).results if each.test.code == CODE)
    assert (found.points, found.message) == (0.0, "git is broken")
