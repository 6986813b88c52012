import textwrap

import pytest

from perfkit.model import Frame
from perfkit.rules.chains import is_chain
from perfkit.rules.sources import Sources
from perfkit.rules.tries import is_tried_again

CHAINS = {
    "next link": """
        while url:
            page = get(url)  # here
            url = page["next"]
        """,
    "who is above": """
        while person["manager"]:
            person = get(person["manager"])  # here
        """,
    "halving": """
        while bad - good > 1:
            middle = (good + bad) // 2
            if is_broken(middle):  # here
                bad = middle
            else:
                good = middle
        """,
    "by way of another name": """
        while True:
            rows = get(after=last)  # here
            found = rows[-1]
            last = found.id
        """,
}

LOOPS = {
    "from a queue": """
        while queue:
            number = queue.pop()
            node = get(number)  # here
            queue.extend(node.children)
        """,
    "for each": """
        for number in numbers:
            row = get(number)  # here
            total = total + row.price
        """,
    "counting": """
        number = 0
        while number < 10:
            row = get(number)  # here
            number += 1
        """,
    "an inner loop": """
        while batches:
            for number in batches.pop():
                row = get(number)  # here
        """,
    "not in a loop": """
        row = get(number)  # here
        number = row.next
        """,
}


def frame_in(tmp_path, body):
    text = "def run():\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"
    (tmp_path / "app.py").write_text(text)
    line = next(n for n, found in enumerate(text.splitlines(), 1) if "# here" in found)
    return Frame("app.py", line, "run"), Sources(str(tmp_path))


@pytest.mark.parametrize("body", CHAINS.values(), ids=CHAINS.keys())
def test_a_chain_asks_for_what_the_last_answer_named(body, tmp_path):
    assert is_chain(*frame_in(tmp_path, body))


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_over_items_is_no_chain(body, tmp_path):
    assert not is_chain(*frame_in(tmp_path, body))


def test_without_the_source_there_is_no_chain(tmp_path):
    assert not is_chain(Frame("app.py", 1, "run"), Sources(str(tmp_path)))


TRIES = {
    "until it works": (
        "while True:\n    answer = get()  # here\n    if answer:\n        return answer",
        True,
    ),
    "so many times": ("for _ in range(3):\n    answer = get()  # here\n    if answer:\n        break", True),
    "for each": ("for n in numbers:\n    answer = get(n)  # here\n    if answer:\n        break", False),
    "counted, all of them": ("for n in range(9):\n    answer = get(n)  # here", False),
}


@pytest.mark.parametrize(("body", "expected"), TRIES.values(), ids=TRIES.keys())
def test_loops_that_try_again(body, expected, tmp_path):
    assert is_tried_again(*frame_in(tmp_path, body)) is expected
