from perfkit.model import Finding, Frame


def finding(**changes):
    facts = {"rule": "PK102", "template": "GET /x", "site": Frame("a.py", 3, "f"), "count": 5}
    return Finding(name="n", spent_ns=1, **(facts | changes))


def test_identity_ignores_lines_and_counts():
    assert finding().identity == finding(site=Frame("a.py", 99, "f"), count=9).identity


def test_identity_tells_rule_template_file_and_function_apart():
    others = [
        finding(rule="PK101"),
        finding(template="GET /y"),
        finding(site=Frame("b.py", 3, "f")),
        finding(site=Frame("a.py", 3, "g")),
        finding(site=None),
    ]
    assert len({finding().identity, *(other.identity for other in others)}) == 6
