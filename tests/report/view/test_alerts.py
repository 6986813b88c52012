"""Alerts: what each is called, which of them stop the change, and that they keep their identity."""

from perfkit.model import Change, Gate
from perfkit.report.view.alerts import RULES, of_gate
from tests.report.gate_sample import failing_gate, worse


def test_every_alert_has_a_rule_and_keeps_its_identity():
    run = failing_gate()
    found = of_gate(run.gate)
    assert {alert.rule for alert in found} <= set(RULES)
    assert [alert.stops for alert in found] == [True] * 4 + [False] * 3
    moved = worse(site=None, after=50, says="+49 SELECT")
    identities = {alert.identity for alert in of_gate(Gate(differences=[moved]))}
    assert identities <= {alert.identity for alert in found}
    assert len({alert.identity for alert in found}) == len(found)
    for change in Change:
        assert of_gate(Gate(differences=[worse(change=change)]))[0].rule in RULES


def test_improvements_of_two_stored_runs_are_no_alert():
    better = worse(change=Change.BETTER)
    assert of_gate(Gate(differences=[better], strict=False)) == []
    assert of_gate(Gate(differences=[better]))[0].level == "error"
