"""What the README shows works as it is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession

from perfkit.cli.app import VERBS
from perfkit.sim import Network, run

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_scenario_of_the_readme_runs(tmp_path):
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "perfkit.Scenario(" in b]
    assert len([line for line in block.splitlines() if line]) <= 21
    (tmp_path / "shop.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "bench", "shop.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "PK102" in done.stdout
    assert "batched_concurrent" in done.stdout


@pytest.mark.parametrize(
    "page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md"]
)
def test_links_and_files_named_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")]
    named = list(re.findall(r"`((?:perfkit|tests|scenarios|benchmarks)/[\w/.]+)`", text))
    for place in [*links, *named]:
        assert (ROOT / place).exists(), place


def test_every_verb_is_in_the_readme():
    for verb in VERBS:
        assert f"perfkit {verb}" in README


def test_the_two_commands_stand_as_promised():
    assert '    pip install -e ".[all]" && perfkit bench\n' in README
    assert '    pip install -e ".[all,test]" && pytest\n' in README


def test_the_worlds_of_the_readme_can_be_used():
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "Together(" in b]
    names = {}
    exec(block, names)
    world, network = names["world"], Network(seed=1)

    async def main():
        async with world.start(3, 1, network) as running:
            access = world.access(running.addresses, 3, 1, "virtual")
            async with access["database"].connect_async() as database, ClientSession() as session:
                rows = await (await database.execute("SELECT id FROM jobs")).fetchall()
                async with session.get(access["api"].url + "jobs/7") as answer:
                    return rows, await answer.json()

    assert run(main, network=network) == ([(0,), (1,), (2,)], {"id": "7"})
