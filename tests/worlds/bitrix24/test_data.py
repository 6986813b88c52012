"""The generated data: what the report of the leads scenario relies on."""

import subprocess
import sys

import pytest

from perfkit.worlds.bitrix24 import data

pytestmark = pytest.mark.once


SIZES = (20, 200, 2000)


def _report(generated, owners):
    """Leads the report counts whose number is not among ``owners``, by manager."""
    counts = {}
    for lead, (status, manager) in enumerate(
        zip(generated.leads.status, generated.leads.manager, strict=True), start=1
    ):
        if (
            status in data.REPORT_STATUSES
            and manager in data.REPORT_MANAGERS
            and manager != 247
            and lead not in owners
        ):
            name = data.NAMED_MANAGERS.get(manager, "the rest")
            counts[name] = counts.get(name, 0) + 1
    return counts


def _owners(generated, *, kinds=(1, 2), completed="NY"):
    rows = generated.activities
    return {
        owner
        for kind, owner, done in zip(rows.owner_type, rows.owner, rows.completed, strict=True)
        if kind in kinds and done in completed
    }


@pytest.mark.parametrize("size", [0, 1, 20, 200, 2000])
def test_exactly_that_many_leads_match_and_half_as_many_do_not(size):
    leads = data.generate(size, 1).leads
    matching = [
        status in data.REPORT_STATUSES and manager in data.REPORT_MANAGERS
        for status, manager in zip(leads.status, leads.manager, strict=True)
    ]
    assert sum(matching) == size
    assert len(matching) == size + size // 2


def test_each_condition_of_the_report_is_needed():
    leads = data.generate(200, 1).leads
    pairs = list(zip(leads.status, leads.manager, strict=True))
    assert any(s in data.REPORT_STATUSES and m not in data.REPORT_MANAGERS for s, m in pairs)
    assert any(s not in data.REPORT_STATUSES and m in data.REPORT_MANAGERS for s, m in pairs)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(1, 21))
def test_a_dropped_filter_changes_the_answer(size, seed):
    generated = data.generate(size, seed)
    right = _report(generated, _owners(generated, kinds=(1,), completed="N"))
    assert sum(right.values()) > 0
    assert right != _report(generated, _owners(generated))
    assert right != _report(generated, _owners(generated, completed="N")), "deals must be told from leads"
    assert right != _report(generated, _owners(generated, kinds=(1,))), "finished ones from unfinished ones"


@pytest.mark.parametrize("size", SIZES)
def test_the_mixture_is_the_same_at_every_size(size):
    generated = data.generate(size, 1)
    leads, activities = len(generated.leads.status), len(generated.activities.owner)
    assert 1.45 <= activities / leads <= 1.65
    open_leads = _owners(generated, kinds=(1,), completed="N")
    assert 0.6 <= len(open_leads) / leads <= 0.74
    per_lead = [0] * (leads + 1)
    for kind, owner in zip(generated.activities.owner_type, generated.activities.owner, strict=True):
        per_lead[owner] += kind == data.LEAD_OWNER
    assert set(per_lead[1:]) == {0, 1, 2, 3, 4}


def test_the_constants_fit_the_story():
    assert len(data.REPORT_STATUSES) == 3
    assert len(set(data.REPORT_STATUSES + data.OTHER_STATUSES)) == 10
    assert len(set(data.REPORT_MANAGERS)) == 16
    assert 247 in data.REPORT_MANAGERS
    assert len(data.NAMED_MANAGERS) == 5
    assert set(data.NAMED_MANAGERS) < set(data.REPORT_MANAGERS) - {247}


def test_seeds_differ_and_repeat():
    again = data.generate.__wrapped__(50, 1)
    assert again == data.generate(50, 1)
    assert again != data.generate(50, 2)


DIGEST = "7596061ed2e625e88c11599791d6eb749ac3a9ac3bc78b2b3e3eefcecfbf359f"
_PROGRAM = """
import dataclasses, hashlib, json
from perfkit.worlds.bitrix24 import data
print(hashlib.sha256(json.dumps(dataclasses.asdict(data.generate(200, 1))).encode()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_data_are_the_same_on_every_python(hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == DIGEST
