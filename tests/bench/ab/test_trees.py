import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from perfkit.bench.ab import trees
from perfkit.bench.ab.trees import two_trees
from perfkit.errors import NothingToCompareError, UsageError
from tests.bench.ab.repositories import commit, git, repository, worktrees, write


@pytest.fixture
def project(tmp_path):
    made = repository(tmp_path / "shop", {"a.py": "A = 1\n", "sub/b.py": "B = 1\n"})
    commit(made, {"a.py": "A = 2\n"})
    return made


def refusal(kind, folder, ref="main", **options):
    with pytest.raises(kind) as refused, two_trees(folder, ref, **options):
        raise AssertionError("there is nothing to compare")
    return str(refused.value)


def test_the_base_is_where_the_branch_began_and_is_gone_afterwards(project):
    git(project, "checkout", "-q", "main")
    commit(project, {"a.py": "A = 99\n"})
    git(project, "checkout", "-q", "change")
    with two_trees(project / "sub", "main") as found:
        assert (found.base / "a.py").read_text() == "A = 1\n"
        assert (found.head / "a.py").read_text() == "A = 2\n"
        assert found.folder == Path("sub")
        assert found.base_name.startswith("where HEAD left main (")
        assert found.head_name.startswith("HEAD (")
        assert worktrees(project) == 2
    assert worktrees(project) == 1
    assert not found.base.parent.exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_base_is_gone_after_an_error(project, error):
    with pytest.raises(error), two_trees(project, "main") as found:
        raise error
    assert not found.base.parent.exists()
    assert worktrees(project) == 1


def test_the_base_is_gone_when_a_job_is_cancelled(project):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit), two_trees(project, "main") as found:
        os.kill(os.getpid(), signal.SIGTERM)
    assert not found.base.parent.exists()
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_next_gate_removes_what_a_killed_one_left(project):
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    left = Path(tempfile.mkdtemp(prefix=f"{trees.PREFIX}{int(ended.stdout)}-"))
    git(project, "worktree", "add", "-q", "--detach", str(left / "shop"), "main")
    with two_trees(project, "main"):
        assert not left.exists()
        assert worktrees(project) == 2


def test_no_repository(tmp_path):
    assert "is in no git repository" in refusal(UsageError, tmp_path)


def test_no_commit(tmp_path):
    git(tmp_path, "init", "-q")
    assert "has no commit yet" in refusal(NothingToCompareError, tmp_path)


@pytest.mark.parametrize("ref", ["mian", "-x", ""])
def test_an_unknown_revision(project, ref):
    said = refusal(UsageError, project, ref)
    assert f"there is no revision {ref!r}" in said
    assert ("Did you mean main?" in said) == (ref == "mian")
    assert "git fetch origin" in said


def test_a_branch_that_is_only_at_the_origin(project, tmp_path):
    git(tmp_path, "clone", "-q", "-b", "change", str(project), "clone")
    with two_trees(tmp_path / "clone", "main") as found:
        assert found.base_name.startswith("main (")


def test_a_shallow_clone(project, tmp_path):
    url = project.as_uri()
    git(tmp_path, "clone", "-q", "--depth=1", "-b", "change", url, "clone")
    assert "shallow clone has no revision 'main'" in refusal(NothingToCompareError, tmp_path / "clone")
    git(tmp_path / "clone", "fetch", "-q", "--depth=1", "origin", "main:main")
    said = refusal(NothingToCompareError, tmp_path / "clone")
    assert "does not reach back" in said
    assert "git fetch --unshallow" in said
    assert "fetch-depth: 0" in said


def test_no_common_history(project):
    git(project, "checkout", "-q", "--orphan", "other")
    commit(project, {"a.py": "A = 3\n"})
    assert "no commit in common" in refusal(NothingToCompareError, project)


def test_uncommitted_changes_are_refused_unless_they_are_wanted(project):
    write(project, {"a.py": "A = 3\n"})
    said = refusal(UsageError, project)
    assert "not committed: a.py." in said
    assert "--allow-dirty" in said
    with two_trees(project, "main", allow_dirty=True) as found:
        assert (found.head / "a.py").read_text() == "A = 3\n"
        assert found.head_name.endswith("with uncommitted changes")


def test_nothing_changed(project):
    said = refusal(NothingToCompareError, project, "change")
    assert "there is no change to measure" in said
    write(project, {"a.py": "A = 3\n"})
    with two_trees(project, "HEAD", allow_dirty=True) as found:
        assert (found.base / "a.py").read_text() == "A = 2\n"


def test_what_the_trees_do_not_share_is_noted(project):
    write(project, {"new.py": "", "notes.txt": ""})
    commit(project, {".gitmodules": "", ".gitattributes": "*.bin filter=lfs\n"})
    write(project, {"other.py": ""})
    with two_trees(project, "change~1") as found:
        assert found.notes == ("not in git, so in head only: other.py",)
    commit(project, {"a.py": "A = 4\n"})
    with two_trees(project, "change~1") as found:
        assert [note.partition(":")[0] for note in found.notes] == [
            "the base's tree is without its git submodules",
            "files in Git LFS",
        ]


def test_a_hook_of_git_does_not_lead_to_other_trees(project, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    with two_trees(project, "main") as found:
        assert found.head == project
