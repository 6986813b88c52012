"""Analysing the cases' files: ``python -m tests.corpus.traces.judging.run [CASE ...]``."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from perfkit import ingest
from tests.corpus.traces.judging.labels import all_cases
from tests.corpus.traces.judging.scores import problems, table


def findings_of(cases):
    """What is found in the file of each case, as ``perfkit analyze`` finds it."""
    found = {}
    with TemporaryDirectory() as folder:
        for case in cases:
            path = Path(folder, f"{case.name}.json")
            path.write_text(case.text(), encoding="utf-8")
            found[case] = ingest.analyze(path).findings
    return found


if __name__ == "__main__":
    known = all_cases()
    results = findings_of([known[name] for name in sys.argv[1:]] or list(known.values()))
    for each, findings in results.items() if len(sys.argv) > 1 else ():
        for finding in findings:
            sys.stdout.write(f"{each.name}: {finding.rule} {finding.count} x {finding.template}\n")
    sys.stdout.write(f"{problems(results)}\n{table(results)}\n")
