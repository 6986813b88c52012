import json

from perfkit.sim.postgres import plans


def notice(plan):
    text = f"duration: 0.010 ms  plan:\n{json.dumps({'Query Text': 'SELECT ...', 'Plan': plan}, indent=2)}"
    return b"SINFO\0C00000\0M" + text.encode() + b"\0Fauto_explain.c\0L437\0Rexplain_ExecutorEnd\0\0"


def node(kind, rows, loops=1, *children, **more):
    return {"Node Type": kind, "Actual Rows": rows, "Actual Loops": loops, "Plans": list(children), **more}


def test_only_auto_explains_notices_are_plans():
    assert plans.is_plan(notice(node("Result", 1)))
    assert not plans.is_plan(b"SNOTICE\0Mduration: 1 ms  plan:\n{}\0Fpl_exec.c\0Rexec_stmt_raise\0\0")


def test_rows_are_those_of_all_loops_and_those_thrown_away():
    inner = node("Index Scan", 2.5, 4, **{"Relation Name": "b", "Rows Removed by Filter": 1})
    outer = node("Seq Scan", 4, **{"Relation Name": "a", "Rows Removed by Filter": 96})
    assert plans.rows(notice(node("Nested Loop", 10, 1, outer, inner))) == (100 + 14, 0)


def test_what_reads_no_table_reads_no_rows():
    bitmap = node("Bitmap Index Scan", 7, **{"Index Name": "i"})
    heap = node(
        "Bitmap Heap Scan", 7, 1, bitmap, **{"Relation Name": "t", "Rows Removed by Index Recheck": 3}
    )
    assert plans.rows(notice(node("Aggregate", 1, 1, heap, node("Function Scan", 50)))) == (10, 0)


def test_rows_written_are_those_that_come_to_modify_table():
    source = node("Seq Scan", 30, **{"Relation Name": "t", "Parent Relationship": "Outer"})
    aside = node("Seq Scan", 5, **{"Relation Name": "u", "Parent Relationship": "InitPlan"})
    assert plans.rows(notice(node("ModifyTable", 0, 1, aside, source, **{"Relation Name": "t"}))) == (35, 30)


def test_what_cannot_be_understood_counts_nothing():
    assert plans.rows(b"Mduration: 1 ms  plan:\n{broken\0Fauto_explain.c\0") == (0, 0)
