"""What was found in each case beside its labels, and how well the rules did."""

from collections import Counter
from typing import NamedTuple

from tests.corpus.scores import Score


class Judged(NamedTuple):
    """Labels met with the findings that met them, labels missed, and findings that are wrong."""

    met: list
    missed: list
    wrong: list


def judge(case, findings):
    """Each label takes one finding, and each finding meets one label."""
    left, met, missed = list(findings), [], []
    for label in case.expected:
        fitting = [finding for finding in left if label.fits(finding)]
        if not fitting:
            missed.append(label)
            continue
        best = min(fitting, key=lambda finding: finding.count != label.count)
        left.remove(best)
        met.append((label, best))
    return Judged(met, missed, [f for f in left if not any(label.fits(f) for label in case.tolerated)])


def scores(found):
    """The score of each rule and of all under "all"; ``placed`` are those with the right count."""
    sums = {name: Counter() for name in Score._fields}
    for case, findings in found.items():
        judged = judge(case, findings)
        for label in case.expected:
            sums["cases"].update((label.rules[0], "all"))
        for label, finding in judged.met:
            sums["found"].update((label.rules[0], "all"))
            if label.count in (None, finding.count):
                sums["placed"].update((label.rules[0], "all"))
        for finding in judged.wrong:
            sums["wrong"].update((finding.rule, "all"))
    rules = sorted({rule for counts in sums.values() for rule in counts}, key=lambda r: (r == "all", r))
    return {rule: Score(*(sums[name][rule] for name in Score._fields)) for rule in rules}


_ROW = "{:6} {:>5} {:>5} {:>5} {:>9} {:>6} {:>6} {:>6}"
_HEAD = ("rule", "cases", "found", "false", "precision", "recall", "F1", "count")


def table(found):
    """The scores as text."""
    right = sum(not case.expected for case in found)
    lines = [f"{len(found)} files of traces: {len(found) - right} wrong, {right} right", _ROW.format(*_HEAD)]
    for rule, score in scores(found).items():
        shares = (score.precision, score.recall, score.f1, score.sites)
        shown = ("-" if share is None else f"{share:.3f}" for share in shares)
        lines.append(_ROW.format(rule, score.cases, score.found, score.wrong, *shown))
    return "\n".join(lines)


def problems(found):
    """One line per case that is not as its labels say."""
    return "\n".join(
        f"{case.name}: {said}" for case, findings in found.items() if (said := _said(case, findings))
    )


def _said(case, findings):
    judged = judge(case, findings)
    said = [f"missed {label}" for label in judged.missed]
    said += [f"wrong {f.rule} on {f.template!r}, {f.count} times" for f in judged.wrong]
    said += [
        f"{label} {finding.count} times instead of {label.count}"
        for label, finding in judged.met
        if label.count not in (None, finding.count)
    ]
    return "; ".join(said)
