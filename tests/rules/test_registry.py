import pytest

from perfkit import rules
from perfkit.errors import UnknownNameError
from perfkit.model import Frame, Trace
from perfkit.rules.results_differ import compare


@pytest.mark.parametrize("code", sorted(rules.available()))
def test_every_rule_keeps_the_contract(code):
    rule = rules.load(code.lower())
    assert code == rule.CODE
    assert rule.check(rules.View(Trace("virtual", 0, 0))) == []
    text = rules.page(code)
    assert text.startswith(f"# {code} {rule.NAME}\n")
    for part in (
        "**What.**",
        "**Wrong**",
        "**Right**",
        "**How the saving is predicted.**",
        "**When it is wrong.**",
    ):
        assert part in text


def test_an_unknown_rule_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"no rule named 'PK120'.*Did you mean 'PK"):
        rules.load("PK120")


def test_differing_answers_are_a_finding_at_the_strategy():
    site = Frame("scenarios/leads.py", 9, "as_published")
    assert compare("s", site, "{'a': 1}", "{'a': 1}") == []
    (finding,) = compare("s", site, "{'a': 1}", "{'a': 2}", "drops the filter")
    assert (finding.rule, finding.site, finding.saving_ns) == ("PK501", site, None)
    assert finding.evidence == ["answer: {'a': 1}", "baseline: {'a': 2}", "known: drops the filter"]
