import pytest

from tests.recipes import repository


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The project in git; see repository.py."""
    return repository.build(tmp_path_factory.mktemp("recipes") / "shop")


@pytest.fixture
def programs(tmp_path):
    return repository.programs(tmp_path / "programs")


@pytest.fixture
def checked_out(shop, tmp_path, programs):
    """A function: a clean clone of a branch, and the environment of a job in it."""

    def check_out(branch, *options, name="clone", **more):
        folder = repository.clone(shop, branch, tmp_path / name, *options)
        given = repository.environment(folder, **more)
        return folder, {**given, "PATH": f"{programs}:{given['PATH']}"}

    return check_out
