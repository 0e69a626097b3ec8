"""What a page draws of a window: the counts that were compared, kept by their digest."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from stageline.exceptions import ArtifactError
from stageline.monitoring.counts import ColumnCounts, Counts
from stageline.monitoring.distributions import Distributions, distributions
from stageline.monitoring.drift import compare
from stageline.monitoring.kept_texts import KeptTexts, text_digest
from stageline.monitoring.profile import ColumnProfile, PartCounts, Profile
from stageline.monitoring.windows import Window


def counted(*bins):
    return replace(ColumnCounts.empty(1, len(bins)), bins=np.array([bins]))


PROFILE = Profile(
    made_from="sha256:1", rows=400, first="2025-01-01", last="2025-12-31",
    columns={
        "hum": ColumnProfile(
            kind="number", cuts=(0.0, 1.0, 2.0),
            parts={"": PartCounts(bins=(0, 200, 200, 0)), "3": PartCounts(bins=(0, 90, 10, 0)),
                   "4": PartCounts(bins=(0, 60, 40, 0))},
        ),
        "colour": ColumnProfile(kind="category", names=("red", "blue"), parts={"": PartCounts(bins=(300, 100, 0))}),
    },
)  # fmt: skip
COUNTS = Counts(np.array([60]), {"hum": counted(1, 30, 20, 9), "colour": counted(30, 10, 20)})
IN_MARCH = Window(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC))


def test_the_reference_is_of_the_months_that_were_compared():
    found = distributions(PROFILE, COUNTS, compare(PROFILE, COUNTS, IN_MARCH))
    assert found.columns["hum"].reference == (0, 150, 50, 0)
    assert found.columns["hum"].current == (1, 30, 20, 9)
    assert found.columns["hum"].cuts == (0, 1, 2)
    # No month of it is held: it was compared with all of the reference.
    assert found.columns["colour"].reference == (300, 100, 0)


def test_without_a_window_all_of_the_reference_is_compared():
    found = distributions(PROFILE, COUNTS, compare(PROFILE, COUNTS))
    assert found.columns["hum"].reference == (0, 200, 200, 0)


def test_of_private_columns_nothing_is_kept():
    found = distributions(PROFILE, COUNTS, compare(PROFILE, COUNTS), {"colour"})
    assert set(found.columns) == {"hum"}
    assert "red" not in found.model_dump_json()


def test_what_was_kept_is_read_back(tmp_path):
    found = distributions(PROFILE, COUNTS, compare(PROFILE, COUNTS))
    kept = KeptTexts(tmp_path / "kept", "set of distributions")
    digest = kept.keep(found.model_dump_json(exclude_defaults=True))
    assert Distributions.model_validate_json(kept.read(digest)) == found
    assert kept.keep(found.model_dump_json(exclude_defaults=True)) == digest
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_a_text_that_was_changed_or_is_gone_is_refused(tmp_path):
    kept = KeptTexts(tmp_path, "set of distributions")
    digest = kept.keep("one")
    kept.path(digest).write_text("two", encoding="utf-8")
    with pytest.raises(ArtifactError, match=f"has digest {text_digest('two')}, made was {digest}: it was changed"):
        kept.read(digest)
    kept.path(digest).unlink()
    with pytest.raises(ArtifactError, match=r"there is no set of distributions .*; run the step again"):
        kept.read(digest)


def test_a_place_that_is_no_folder_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ArtifactError, match="cannot be kept in .*; mend the place"):
        KeptTexts(tmp_path / "file", "set of distributions").keep("one")
