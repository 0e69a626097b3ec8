"""What counts as a review in git: that another person looked at the commit, and nothing that only looks like it."""

import subprocess

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest

from stageline.operators.earning.review import review_of

ADA, BEA = ("Ada", "ada@example.com"), ("Bea", "bea@example.com")
FORGE = ("GitHub", "noreply@github.com")


class Repository:
    """A repository that Ada and others write to."""

    def __init__(self, folder):
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        self.commit("begin", "README")

    def git(self, *arguments, author=ADA, committer=None):
        who = committer or author
        people = {
            "GIT_AUTHOR_NAME": author[0], "GIT_AUTHOR_EMAIL": author[1],
            "GIT_COMMITTER_NAME": who[0], "GIT_COMMITTER_EMAIL": who[1],
        }  # fmt: skip
        command = ["git", "-C", str(self.folder), *arguments]
        environment = people | {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(self.folder)}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message, name, **people):
        (self.folder / name).write_text(message, encoding="utf-8")
        self.git("add", name)
        self.git("commit", "-q", "-m", message, **people)
        return self.git("rev-parse", "HEAD")

    def branch(self, name, start="main"):
        self.git("checkout", "-q", "-b", name, start)

    def merge(self, name, into="main", message="merge", **people):
        self.git("checkout", "-q", into)
        self.git("merge", "-q", "--no-ff", "-m", message, name, **people)

    def review(self, commit):
        return review_of(self.folder, commit)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


@pytest.mark.parametrize(
    "trailers",
    [
        "Reviewed-by: Bea <bea@example.com>",
        "Reviewed-by: bea@example.com",
        "reviewed-by: Bea <bea@example.com>\nSigned-off-by: Ada <ada@example.com>",
        "Reviewed-by: Ada <ada@example.com>\nReviewed-by: Bea <bea@example.com>",
    ],
)
def test_a_reviewer_with_an_address_is_one(repository, trailers):
    commit = repository.commit(f"spec\n\n{trailers}", "s.yaml")
    assert repository.review(commit).startswith("reviewed by ")
    assert "bea@example.com" in repository.review(commit)


@pytest.mark.parametrize(
    "message",
    [
        "spec",
        "spec\n\nReviewed-by: Ada",
        "spec\n\nReviewed-by: Bea",
        "spec\n\nReviewed-by: nobody yet, TODO",
        "spec\n\nReviewed-by: Ada <ada@example.com>",
        "spec\n\nReviewed-by: Ada <ADA@EXAMPLE.COM>",
        "spec\n\nReviewed-by: Ada <ada@home.example.com>",
        "spec\n\nReviewed-by: reviewer <12+reviewer[bot]@users.noreply.example.com>",
        "spec\n\nApproved-by: see below; not approved",
        "spec\n\nReviewed-by: Bea <bea@example.com>\n\nNot yet, though: she is away.",
        "Reviewed-by: Bea <bea@example.com>",
    ],
)
def test_what_names_no_other_person_is_no_review(repository, message):
    assert repository.review(repository.commit(message, "s.yaml")) == ""


def test_another_person_committed_it(repository):
    commit = repository.commit("spec", "s.yaml", author=ADA, committer=BEA)
    assert repository.review(commit) == "written by Ada and committed by Bea"


@pytest.mark.parametrize(
    "committer",
    [
        FORGE, ("GitLab", "gitlab@git.example.com"), ("web", "noreply@gitlab.com"), ("Ada", "ada@home.example.com"),
        ("ada", "ADA@example.com"), ("renovate[bot]", "29139614+renovate[bot]@users.noreply.example.com"),
    ],
)  # fmt: skip
def test_a_forge_a_bot_and_ones_other_address_are_nobody_else(repository, committer):
    commit = repository.commit("spec", "s.yaml", author=ADA, committer=committer)
    assert repository.review(commit) == ""
    assert repository.review(repository.commit("as one", "t.yaml", author=committer)) == ""


class TestMerges:
    @pytest.fixture
    def commit(self, repository):
        repository.branch("change")
        return repository.commit("spec", "s.yaml")

    def test_another_person_merged_it(self, repository, commit):
        repository.merge("change", author=BEA)
        assert repository.review(commit).startswith("merged by Bea (")

    def test_another_person_merged_it_on_a_forge(self, repository, commit):
        repository.merge("change", author=BEA, committer=FORGE)
        assert repository.review(commit).startswith("merged by Bea (")

    @pytest.mark.parametrize("committer", [ADA, FORGE])
    def test_ones_own_merge_is_no_review(self, repository, commit, committer):
        repository.merge("change", author=ADA, committer=committer)
        assert repository.review(commit) == ""

    def test_ones_own_merge_may_name_a_reviewer(self, repository, commit):
        repository.merge("change", message="merge\n\nReviewed-by: Bea <bea@example.com>")
        assert repository.review(commit) == "reviewed by Bea <bea@example.com>"

    def test_what_is_not_merged_yet_is_not_reviewed(self, repository, commit):
        assert repository.review(commit) == ""

    def test_a_merge_further_inside_counts(self, repository, commit):
        repository.branch("develop")
        repository.commit("more", "other")
        repository.merge("change", into="develop", author=BEA)
        repository.merge("develop", author=ADA)
        assert repository.review(commit).startswith("merged by Bea (")

    def test_a_later_merge_of_another_branch_is_no_review(self, repository, commit):
        repository.merge("change", author=ADA)
        repository.branch("later", "main~1")
        repository.commit("unrelated", "other")
        repository.merge("later", author=BEA)
        assert repository.review(commit) == ""


class TestOnTheBranchItself:
    def test_a_branch_merged_later_is_no_review_of_it(self, repository):
        repository.branch("other")
        repository.commit("unrelated", "other")
        repository.git("checkout", "-q", "main")
        commit = repository.commit("spec", "s.yaml")
        repository.merge("other", author=BEA)
        assert repository.review(commit) == ""

    def test_a_branch_that_took_it_in_is_no_review_of_it(self, repository):
        repository.branch("other")
        repository.commit("unrelated", "other")
        repository.git("checkout", "-q", "main")
        commit = repository.commit("spec", "s.yaml")
        repository.merge("main", into="other", author=BEA)
        repository.merge("other", author=BEA)
        assert repository.review(commit) == ""

    @pytest.mark.parametrize(
        "message", ["Merge branch 'main' of example.com:team/project", "Merge remote-tracking branch 'origin/main'"]
    )
    def test_a_pull_is_no_review_of_it(self, repository, message):
        repository.branch("hers")
        repository.commit("unrelated", "other", author=BEA)
        repository.git("checkout", "-q", "main")
        commit = repository.commit("spec", "s.yaml")
        repository.merge("main", into="hers", message=message, author=BEA)
        repository.git("branch", "-q", "-M", "hers", "main")
        assert repository.review(commit) == ""
