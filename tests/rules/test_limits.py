import pytest

import perfkit
from perfkit.config import SETTINGS, Config
from perfkit.errors import ConfigError
from perfkit.rules import Limits, check

from .traces import queries, trace_of


def test_each_limit_is_a_setting_of_the_same_default(tmp_path):
    limits = Limits()
    for name in Limits.__struct_fields__:
        assert getattr(limits, name) == SETTINGS[name].default
        assert f"``{name}``" in Limits.__doc__
    assert Limits.of(Config(tmp_path, {})) == limits


def test_settings_win_over_defaults(tmp_path):
    config = Config(tmp_path, {"PERFKIT_MIN_CALLS": "7", "PERFKIT_MIN_SPENT_MS": "1.5"})
    assert Limits.of(config) == Limits(min_calls=7, min_spent_ms=1.5)


def test_a_limit_below_one_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"min_calls must be 1 or more, not 0 \(PERFKIT_MIN_CALLS\)"):
        Limits.of(Config(tmp_path, {"PERFKIT_MIN_CALLS": "0"}))


def test_a_duration_can_be_demanded_too():
    trace = trace_of(queries(5, "SELECT a FROM t WHERE id = ?"))
    (finding,) = check(trace)
    assert check(trace, Limits(min_spent_ms=finding.spent_ns / 1e6)) == [finding]
    assert check(trace, Limits(min_spent_ms=finding.spent_ns / 1e6 + 0.001)) == []


def test_a_recording_takes_its_limits_from_the_settings(monkeypatch):
    def run(**options):
        with perfkit.record(probes=(), **options) as rec:
            pass
        rec._trace = trace_of(queries(5, "SELECT a FROM t WHERE id = ?"))
        return rec

    monkeypatch.setattr(perfkit.record, "trace", property(lambda self: self._trace))
    assert len(run().findings()) == 1
    monkeypatch.setenv("PERFKIT_MIN_CALLS", "6")
    assert run().findings() == []
    assert len(run(limits=Limits()).findings()) == 1
