"""Analysing the cases' files: ``python -m tests.corpus.traces.judging.run [CASE ...]``."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from perfkit.ingest.analysis import analyze
from tests.corpus.traces.judging.labels import all_cases
from tests.corpus.traces.judging.scores import problems, table


def analyse(cases):
    """What is found in the file of each case, and the cases of which a rule failed on a trace, with what."""
    found, failed = {}, {}
    with TemporaryDirectory() as folder:
        for case in cases:
            path = Path(folder, f"{case.name}.json")
            path.write_text(case.text(), encoding="utf-8")
            analysis = analyze([str(path)])
            found[case] = analysis.findings
            said = [text for text in analysis.imported.left_out if "not judged" in text]
            if said:
                failed[case.name] = said
    return found, failed


if __name__ == "__main__":
    known = all_cases()
    results, failures = analyse([known[name] for name in sys.argv[1:]] or list(known.values()))
    for each, findings in results.items() if len(sys.argv) > 1 else ():
        for finding in findings:
            sys.stdout.write(f"{each.name}: {finding.rule} {finding.count} x {finding.template}\n")
    for name, said in failures.items():
        sys.stdout.write(f"{name}: {' '.join(said)}\n")
    sys.stdout.write(f"{problems(results)}\n{table(results)}\n")
