import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.baselines.document import Baseline, Entry, parse
from perfkit.bench.baselines.places import Line, Place
from perfkit.errors import BaselineError, NothingToCompareError

COLD = {
    "query SELECT a FROM t WHERE id = ?": {20: 20, 200: 200},
    "query": {20: 20, 200: 200},
    "depth": {20: 1, 200: 1},
}


def baseline():
    warm = {**COLD, "query": {20: 19, 200: 199}}
    del warm["depth"]
    entry = Entry(
        states={"cold": COLD, "warm": warm},
        python={"3.11": {"bytecodes": {20: 100, 200: 1000}}},
        places={"app/views.py:page": Place(1, [Line(20, "a1b2"), Line(180, "0000")])},
        inputs={"aiohttp": "3.11.1"},
    )
    return Baseline(
        "shop",
        "scenario",
        "orders",
        {"data_seed": "1"},
        {"near": {"round trip": "5 ms"}},
        ["first", "one more"],
        {"near/page": entry},
    )


def test_a_file_is_read_back_as_it_was_written(tmp_path):
    file = tmp_path / "new" / "shop.toml"
    baseline().write(file)
    assert Baseline.read(file) == baseline()
    assert [path.name for path in file.parent.iterdir()] == ["shop.toml"]


def test_the_text_has_a_metric_a_line_and_only_the_warm_lines_that_differ():
    text = baseline().text()
    assert '"query SELECT a FROM t WHERE id = ?" = { n20 = 20, n200 = 200, grows = "n" }\n' in text
    warm = text.partition('[entry."near/page".warm]\n')[2].partition("\n\n")[0]
    assert warm.splitlines() == [
        'depth = { n20 = 0, n200 = 0, grows = "1" }',
        'query = { n20 = 19, n200 = 199, grows = "n-1" }',
    ]


def test_a_test_has_no_sizes():
    entry = Entry({"cold": {"query": {0: 3}}})
    text = Baseline("tests/test_a.py", "tests", entries={"test_page[a/b]": entry}).text()
    assert "query = 3\n" in text
    assert "pytest tests/test_a.py --perfkit-baselines=update" in text.splitlines()[0]
    assert parse(text, "x").entries == {"test_page[a/b]": entry}


def test_equal_baselines_give_equal_texts_whatever_the_order():
    one, other = baseline(), baseline()
    entry = other.entries["near/page"]
    entry.states = {
        state: dict(reversed(metrics.items())) for state, metrics in reversed(entry.states.items())
    }
    assert one.text() == other.text()


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda t: not t.startswith("warm")),
    st.integers(0),
)
def test_any_template_and_reason_survive(template, value):
    entry = Entry({"cold": {f"query {template}": {1: value}}})
    made = Baseline("s", reasons=[template], entries={template: entry})
    assert parse(made.text(), "x") == made


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schema = 1\n<<<<<<< ours\n", "merge conflict.*record anew"),
        ("schema = \n", "not TOML.*record it anew"),
        ("", "has no schema.*record it anew"),
        ('schema = 2\nscenario = "a"\n', r"schema 2.*reads 1"),
        ("schema = 1\n", "not a whole baseline"),
        ('schema = 1\nscenario = "a"\nentry = 3\n', "not a whole baseline"),
        ('schema = 1\nscenario = "a"\n[entry.a]\nquery = { n20 = "x" }\n', "not a whole baseline.*n20"),
        ('schema = 1\nscenario = "a"\n[entry.a]\nquery = 1.5\n', "not a whole baseline"),
        ('schema = 1\nscenario = "a"\n[entry.a.places]\n"a:b" = "x"\n', "not a whole baseline"),
    ],
)
def test_a_bad_file_is_named_with_what_to_do(tmp_path, text, says):
    file = tmp_path / "shop.toml"
    file.write_text(text)
    with pytest.raises(BaselineError, match=rf"shop\.toml.*{says}"):
        Baseline.read(file)


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(NothingToCompareError, match=r"no baseline shop\.toml"):
        Baseline.read(tmp_path / "shop.toml")
    (tmp_path / "shop.toml").write_bytes(b"\xff")
    with pytest.raises(BaselineError, match="cannot read"):
        Baseline.read(tmp_path / "shop.toml")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BaselineError, match="cannot write"):
        baseline().write(tmp_path / "file" / "shop.toml")
