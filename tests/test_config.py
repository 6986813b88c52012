import pytest

from perfkit.config import SETTINGS, load
from perfkit.errors import ConfigError


def project(tmp_path, table):
    (tmp_path / "pyproject.toml").write_text(f"[tool.perfkit]\n{table}\n")
    return tmp_path


def test_environment_beats_pyproject_beats_default(tmp_path):
    root = project(tmp_path, "seed = 5\nrepeats = 2")
    config = load(root, {"PERFKIT_SEED": "7"})
    origins = {name: (resolved.value, resolved.origin) for name, resolved in config.resolved.items()}
    assert origins["seed"] == (7, "PERFKIT_SEED")
    assert origins["repeats"] == (2, "pyproject.toml")
    assert origins["limit_s"] == (SETTINGS["limit_s"].default, "default")


def test_settings_are_found_from_a_folder_below(tmp_path):
    root = project(tmp_path, 'scenarios = "perf"')
    below = root / "a" / "b"
    below.mkdir(parents=True)
    assert load(below, {}).folder("scenarios") == root / "perf"


def test_a_project_without_a_table_has_defaults(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load(tmp_path, {}).integer("seed") == SETTINGS["seed"].default


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("sead = 1", "no setting named 'sead'. Did you mean 'seed'"),
        ("seed = 'x'", "seed must be int, not 'x'"),
        ("seed = true", "seed must be int, not True"),
        ("seed = [1]", "seed must be int"),
        ("seed =", "cannot read"),
        ("workers = inf", "workers must be int, not inf"),
    ],
)
def test_bad_settings_are_named(tmp_path, table, message):
    with pytest.raises(ConfigError, match=message):
        load(project(tmp_path, table), {})


def test_a_pyproject_with_an_odd_tool_table_has_defaults(tmp_path):
    (tmp_path / "pyproject.toml").write_text("tool = 3\n")
    assert load(tmp_path, {}).integer("seed") == SETTINGS["seed"].default


def test_a_bad_variable_is_named(tmp_path):
    with pytest.raises(ConfigError, match="PERFKIT_SEED: seed must be int, not 'x'"):
        load(tmp_path, {"PERFKIT_SEED": "x"})


def test_targets_are_a_table_that_is_handed_on(tmp_path):
    found = load(project(tmp_path, '[tool.perfkit.targets]\nquery = "1 s"'), {})
    assert found.targets == {"query": "1 s"}
    assert load(project(tmp_path, ""), {}).targets == {}
    with pytest.raises(ConfigError, match="targets must be a table, not 3: write"):
        load(project(tmp_path, "targets = 3"), {})
    with pytest.raises(ConfigError, match=r"no setting named 'target'. Did you mean 'targets'"):
        load(project(tmp_path, "[tool.perfkit.target]"), {})
