"""docs/formats.md names each format, column and metric, and none that does not exist."""

import re
from pathlib import Path

from perfkit.report import FORMATS
from perfkit.report.formats import csv, openmetrics

TEXT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_every_format_with_its_file():
    rows = {}
    for names, file in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\S+(?:, \S+)?) \|", TEXT, re.M):
        if not names.startswith("`perfkit_"):
            rows |= dict(zip(re.findall(r"\w+", names), file.replace("`", "").split(", "), strict=True))
    assert rows == {name: "stdout" if form.to_stdout else form.suffix for name, form in FORMATS.items()}


def test_every_column():
    rows = [line.split("|")[3] for line in TEXT.splitlines() if line.startswith("| a ")]
    told = [re.sub(r" ?\([^)]*\)|; then.*", "", row).strip().split(", ") for row in rows]
    assert told == [list(columns) for columns in (csv.CELL, csv.SPAN, csv.LINE, csv.FINDING, csv.POINT)]


def test_every_metric():
    table = TEXT.partition("## Metrics")[2].partition("## ")[0]
    assert set(re.findall(r"perfkit_\w+", table)) == set(openmetrics._FAMILIES)
