from dataclasses import replace

import pytest

from perfkit.bench.baselines import Baseline, Entry, compare, entry_of, merged, updated
from perfkit.bench.baselines.comparing import MINOR
from perfkit.bench.baselines.document import parse
from perfkit.errors import BaselineError
from perfkit.model import Change, Finding, Frame, Span, Trace

SELECT, INSERT = "SELECT act WHERE lead = ?", "INSERT INTO log"
VIEW = "app/views.py"


def spans(counts, name=SELECT, kind="query"):
    """Operations by line."""
    return [
        Span(0, None, kind, name, n, n + 1, path=(Frame(VIEW, line, "page"),), attrs={"rows": 2})
        for line, count in counts.items()
        for n in range(count)
    ]


def entry(by_size, *, findings=(), warm=None, **counters):
    """An entry of what was done at each size: spans."""
    parts = [
        entry_of(Trace("virtual", 0, 1000 * len(done), done), findings, size=size, counters=counters)
        for size, done in by_size.items()
    ]
    for size, done in (warm or {}).items():
        parts.append(entry_of(Trace("virtual", 0, 1000 * len(done), done), [], size=size, state="warm"))
    return merged(parts)


def shop(*entries, **options):
    return Baseline("shop", entries={f"near/s{n}": e for n, e in enumerate(entries)}, **options)


def compared(before, now, **options):
    """Compared with the baseline as its file has it."""
    return compare(parse(before.text(), "x"), now, **options)


def only(found):
    (difference,) = found.differences
    return difference


def finding(line=41, function="page", file=VIEW):
    return Finding("PK101", "n-plus-one-query", SELECT, 9, 0, Frame(file, line, function))


ONE = {10: spans({41: 1}), 100: spans({41: 1})}
EACH = {10: spans({41: 10}), 100: spans({41: 100})}


def test_nothing_changed():
    found = compared(shop(entry(EACH)), shop(entry(EACH)))
    assert found.differences == []
    assert found.compared == len(entry(EACH).states["cold"])


def test_one_more_for_each_is_one_sentence_with_line_size_and_growth():
    difference = only(compared(shop(entry(ONE)), shop(entry(EACH))))
    assert difference.says.startswith(f"+99 {SELECT} at {VIEW}:41 (n=100): O(1) -> O(n), near/s0; with it ")
    assert difference.says.endswith('; if it is meant: perfkit gate --update shop --reason "why"')
    assert (difference.change, difference.metric, difference.template) == (Change.WORSE, "query", SELECT)
    assert (difference.size, difference.before, difference.after) == (100, 1, 100)
    assert (difference.growth_before, difference.growth_after) == ("1", "n")
    assert "dependent round trips 1 -> 100" in difference.says


def test_the_line_is_that_of_the_new_call_though_code_moved():
    now = {10: spans({141: 10, 143: 1}), 100: spans({141: 100, 143: 1})}
    assert only(compared(shop(entry(EACH)), shop(entry(now)))).site == Frame(VIEW, 143, "page")


def test_moving_and_renaming_code_alone_stops_nothing():
    moved = {
        size: [replace_path(s, Frame("app/pages.py", 7, "show")) for s in done] for size, done in EACH.items()
    }
    before = shop(entry(EACH, findings=[finding()]))
    found = compared(before, shop(entry(moved, findings=[finding(7, "show", "app/pages.py")])))
    assert found.differences == []
    assert found.notes == [f"near/s0: PK101 {SELECT} is now at app/pages.py:show"]


def replace_path(span, *path):
    return Span(span.id, None, span.kind, span.name, span.start_ns, span.end_ns, path=path, attrs=span.attrs)


def test_an_improvement_stops_until_it_is_recorded():
    difference = only(compared(shop(entry(EACH)), shop(entry(ONE))))
    assert difference.change is Change.BETTER
    assert difference.change.stops
    assert "record the improvement" in difference.says


def test_new_and_vanished_templates():
    both = {size: [*done, *spans({50: 1}, INSERT)] for size, done in ONE.items()}
    new = only(compared(shop(entry(ONE)), shop(entry(both))))
    assert (new.change, new.template, new.site) == (Change.NEW, INSERT, Frame(VIEW, 50, "page"))
    gone = only(compared(shop(entry(both)), shop(entry(ONE))))
    assert (gone.change, gone.template) == (Change.VANISHED, INSERT)


def test_fewer_queries_of_more_rows_are_two_differences():
    wide = {size: [replace_rows(done[0], 900)] for size, done in ONE.items()}
    found = compared(shop(entry(EACH)), shop(entry(wide)))
    assert [d.change for d in found.differences] == [Change.BETTER, Change.WORSE]
    assert found.differences[1].metric == "rows"


def replace_rows(span, rows):
    return Span(
        span.id, None, span.kind, span.name, span.start_ns, span.end_ns, path=span.path, attrs={"rows": rows}
    )


def test_new_and_vanished_entries_and_sizes():
    found = compared(shop(entry(ONE)), shop(entry(ONE), entry(ONE)))
    assert only(found).change is Change.NEW
    found = compared(shop(entry(ONE), entry(ONE)), shop(entry(ONE)))
    assert (only(found).change, only(found).entry) == (Change.VANISHED, "near/s1")
    assert compared(shop(entry(ONE), entry(ONE)), shop(entry(ONE)), partial=True).differences == []
    more = only(compared(shop(entry(ONE)), shop(entry({**ONE, 1000: spans({41: 1})}))))
    assert (more.change, more.size) == (Change.NEW, 1000)
    fewer = only(compared(shop(entry(ONE)), shop(entry({10: ONE[10]}))))
    assert (fewer.change, fewer.size) == (Change.VANISHED, 100)


def test_a_test_that_saw_nothing_any_more_is_unseen():
    before = Baseline("tests/test_a.py", "tests", entries={"test_page": entry({0: spans({41: 3})})})
    now = Baseline("tests/test_a.py", "tests", entries={"test_page": Entry({"cold": {}})})
    found = compared(before, now).differences
    assert found[0].change is Change.UNSEEN
    assert "pytest tests/test_a.py --perfkit-baselines=update" in found[0].says
    assert compared(now, now).differences == []


def test_a_probe_that_saw_nothing_is_named():
    both = {size: [*done, *spans({60: 1}, "GET x.test/", "request")] for size, done in EACH.items()}
    found = compared(shop(entry(both)), shop(entry(EACH)))
    unseen = [d for d in found.differences if d.change is Change.UNSEEN]
    assert [d.metric for d in unseen] == ["request"]
    assert unseen[0].says.startswith("expected probe saw nothing: requests (n=100), 1 in the baseline")


def test_changed_inputs_say_re_record_and_compare_nothing():
    before, now = shop(entry(EACH), inputs={"data_seed": "1"}), shop(entry(ONE), inputs={"data_seed": "2"})
    difference = only(compared(before, now))
    assert (difference.change, difference.change.stops) == (Change.INPUTS, False)
    assert "data_seed: 1 -> 2" in difference.says
    assert "re-record" in difference.says


def test_inputs_of_a_world_and_of_an_entry_concern_them_alone():
    other = Baseline(
        "shop", entries={"near/s": entry(EACH), "far/s": entry(EACH)}, worlds={"near": {"rtt": "5 ms"}}
    )
    now = replace(
        other, worlds={"near": {"rtt": "9 ms"}}, entries={"near/s": entry(ONE), "far/s": entry(ONE)}
    )
    found = compared(other, now).differences
    assert [(d.entry, d.change) for d in found] == [("near/*", Change.INPUTS), ("far/s", Change.BETTER)]
    needing = entry(EACH)
    needing.inputs = {"client": "1"}
    later = entry(ONE)
    later.inputs = {"client": "2"}
    assert only(compared(shop(needing), shop(later))).change is Change.INPUTS


def test_the_same_in_several_worlds_is_told_once():
    before = Baseline("shop", entries={"far/s": entry(ONE), "near/s": entry(ONE)})
    now = Baseline("shop", entries={"far/s": entry(EACH), "near/s": entry(EACH)})
    assert "; also near/s; " in only(compared(before, now)).says


def test_warm_tells_only_what_cold_does_not():
    before, now = entry(EACH, warm=ONE), entry(EACH, warm=EACH)
    difference = only(compared(shop(before), shop(now)))
    assert (difference.state, difference.change) == ("warm", Change.WORSE)
    assert "near/s0 (warm)" in difference.says
    assert only(compared(shop(entry(ONE, warm=ONE)), shop(entry(EACH, warm=EACH)))).state == "cold"


def test_a_new_finding_is_named_where_nothing_else_changed():
    difference = only(compared(shop(entry(EACH)), shop(entry(EACH, findings=[finding()]))))
    assert (difference.metric, difference.change, difference.site) == (
        "finding",
        Change.NEW,
        Frame(VIEW, 41, "page"),
    )
    assert difference.says.startswith(f"+1 finding PK101 {SELECT} ({VIEW}:page) at {VIEW}:41")


def test_a_finding_goes_with_its_difference_whether_it_is_new_gone_or_told_under_its_cause():
    new = finding()
    alone = only(compared(shop(entry(EACH)), shop(entry(EACH, findings=[new]))))
    assert alone.finding == new
    cause = only(compared(shop(entry(ONE)), shop(entry(EACH, findings=[new]))))
    assert (cause.metric, cause.finding) == ("query", new)
    gone = only(compared(shop(entry(EACH, findings=[new])), shop(entry(EACH)))).finding
    assert (gone.rule, gone.name, gone.template, gone.place) == (
        "PK101",
        "n-plus-one-query",
        SELECT,
        f"{VIEW}:page",
    )


def test_bytecodes_are_compared_under_their_version_of_python():
    before, now = entry(ONE), entry(ONE)
    before.python = {MINOR: {"bytecodes": {10: 100, 100: 1000}}}
    now.python = {MINOR: {"bytecodes": {10: 100, 100: 1001}}}
    assert only(compared(shop(before), shop(now))).says.startswith("bytecodes 1,000 -> 1,001 (+1)")
    before.python = {"3.1": before.python[MINOR]}
    found = compared(shop(before), shop(now))
    assert found.differences == []
    assert found.notes == [f"shop: no bytecodes recorded for Python {MINOR}"]
    found = compared(shop(now), shop(entry(ONE)))
    assert (found.differences, found.notes) == (
        [],
        ["shop: bytecodes not measured here (see perfkit doctor)"],
    )


def test_peaks_are_compared_under_the_python_they_were_measured_with():
    before, now = entry(ONE), entry(ONE)
    before.python = {MINOR: {"bytecodes": {10: 1, 100: 1}, "peak_bytes": {10: 100, 100: 1000}}}
    now.python = {MINOR: {"bytecodes": {10: 1, 100: 1}, "peak_bytes": {10: 100, 100: 1001}}}
    recorded = shop(before, peaks_of={MINOR: "CPython 3.1.1"})
    assert only(compared(recorded, shop(now, peaks_of={MINOR: "CPython 3.1.1"}))).metric == "peak_bytes"
    found = compared(recorded, shop(now, peaks_of={MINOR: "CPython 3.1.2"}))
    assert (found.differences, len(found.notes)) == ([], 1)
    assert "are not compared under CPython 3.1.2" in found.notes[0]
    after = updated(recorded, shop(now, peaks_of={MINOR: "CPython 3.1.2"}))
    assert after.peaks_of == {MINOR: "CPython 3.1.2"}


def test_an_update_without_memray_keeps_the_peaks_that_still_hold():
    before, now = entry(ONE), entry(ONE)
    before.python = {MINOR: {"bytecodes": {10: 1, 100: 1}, "peak_bytes": {10: 100, 100: 1000}}}
    now.python = {MINOR: {"bytecodes": {10: 1, 100: 1}}}
    recorded = shop(before, peaks_of={MINOR: "CPython 3.1.1"})
    assert updated(recorded, shop(now)).text() == recorded.text()
    now.python = {MINOR: {"bytecodes": {10: 2, 100: 2}}}
    changed = updated(recorded, shop(now))
    assert (changed.peaks_of, set(changed.entries["near/s0"].python[MINOR])) == ({}, {"bytecodes"})


def test_a_fitted_exponent_that_moves_a_little_is_not_told():
    before, now = entry(ONE), entry(ONE)
    before.python = {MINOR: {"bytecodes": {10: 278, 100: 1988}}}
    now.python = {MINOR: {"bytecodes": {10: 283, 100: 1993}}}
    assert only(compared(shop(before), shop(now))).says.startswith("bytecodes 1,988 -> 1,993 (+5) (n=100), ")


def test_what_a_failure_takes_away_is_no_improvement_and_no_blind_probe():
    now = entry({10: [], 100: []})
    now.states["cold"]["failed"] = {10: 1, 100: 1}
    now.failed = {10: "failed: ValueError: no", 100: "failed: ValueError: no"}
    difference = only(compared(shop(entry(EACH)), shop(now)))
    assert (difference.metric, difference.site) == ("failed", None)
    assert difference.says.startswith("it fails (n=100), near/s0: failed: ValueError: no; ")


def test_what_follows_a_failure_is_told_with_the_operation_it_is_of():
    now = entry(EACH)
    now.states["cold"]["failed"] = {10: 1, 100: 1}
    now.failed = {100: "failed: ValueError: no"}
    failure, more = compared(shop(entry(ONE)), shop(now)).differences
    assert ("with it" in failure.says, "with it" in more.says) == (False, True)


def test_what_a_blind_probe_does_not_see_is_told_once():
    nothing = entry({10: spans({41: 1}, "x", "connect"), 100: spans({41: 1}, "x", "connect")})
    found = compared(shop(entry(EACH)), shop(nothing)).differences
    assert [d.change for d in found] == [Change.UNSEEN, Change.NEW]


def test_other_data_is_an_input_but_another_size_is_none():
    data = {"data n10": "aaaa", "data n100": "bbbb"}
    before = shop(entry(EACH), worlds={"near": data})
    now = shop(entry(EACH), worlds={"near": {**data, "data n100": "cccc"}})
    assert "data n100: bbbb -> cccc" in only(compared(before, now)).says
    now = shop(entry(EACH), worlds={"near": {**data, "data n1000": "dddd"}})
    assert compared(before, now).differences == []


def test_other_inputs_do_not_let_worse_growth_in_without_a_reason():
    before, now = shop(entry(ONE), inputs={"data_seed": "1"}), shop(entry(EACH), inputs={"data_seed": "2"})
    with pytest.raises(BaselineError, match=r"O\(1\) -> O\(n\)"):
        updated(before, now)
    assert updated(before, now, "other data").inputs == {"data_seed": "2"}


def test_worse_growth_of_what_is_told_with_another_cause_needs_a_reason():
    more = {size: [replace_rows(done[0], size), *spans({42: 1})] for size, done in ONE.items()}
    assert only(compared(shop(entry(ONE)), shop(entry(more)))).growth_after == "1"
    with pytest.raises(BaselineError, match=r"rows.*O\(1\) -> O\(n"):
        updated(shop(entry(ONE)), shop(entry(more)))


def test_ports_of_loopback_are_no_difference():
    at = [
        shop(entry({0: spans({41: 1}, f"GET 127.0.0.1:{port}/orders", "request")})) for port in (40001, 40002)
    ]
    assert compared(*at).differences == []


def test_an_update_keeps_reasons_and_refuses_worse_growth_without_one():
    first = updated(None, shop(entry(ONE)))
    assert first.reasons == []
    with pytest.raises(BaselineError, match=r"shop was not updated.*\+99.*O\(1\) -> O\(n\).*--reason"):
        updated(first, shop(entry(EACH)))
    second = updated(first, shop(entry(EACH)), "asked\nfor  it")
    assert second.reasons == ["asked for it"]
    third = updated(second, shop(entry(ONE)))  # an improvement needs none
    assert third.reasons == ["asked for it"]
    assert updated(third, shop(entry(ONE)), "nothing changed").text() == third.text()
    assert compared(third, shop(entry(ONE))).differences == []


def test_an_update_keeps_other_versions_of_python_where_nothing_else_changed():
    old = entry(ONE)
    old.python = {"3.1": {"bytecodes": {10: 1, 100: 1}}}
    now = entry(ONE)
    now.python = {MINOR: {"bytecodes": {10: 2, 100: 2}}}
    before = parse(shop(old).text(), "x")
    assert set(updated(before, shop(now)).entries["near/s0"].python) == {"3.1", MINOR}
    changed = entry(EACH)
    assert set(updated(before, shop(changed), "why").entries["near/s0"].python) == set()


def test_a_partial_update_keeps_what_was_not_measured():
    before = shop(entry(ONE), entry(EACH))
    now = Baseline("shop", entries={"near/s0": entry(ONE)})
    assert set(updated(before, now, partial=True).entries) == {"near/s0", "near/s1"}
    assert set(updated(before, now).entries) == {"near/s0"}
