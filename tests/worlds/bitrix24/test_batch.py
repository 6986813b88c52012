"""The batch: commands, references, shapes, limits."""

import pytest

from perfkit.worlds.bitrix24.batch import Results, parse_command
from tests.worlds.bitrix24.helpers import Clock, ids, make_portal, result

pytestmark = pytest.mark.once


PORTAL = make_portal(leads=200)


def batch(cmd, portal=PORTAL, **params):
    return result(portal, "batch", cmd=cmd, **params)


def test_results_come_by_name():
    answer = batch(
        {"lead": "crm.lead.get?ID=7", "leads": "crm.lead.list?select[]=ID&start=50", "me": "profile"}
    )
    assert list(answer) == ["result", "result_error", "result_total", "result_next", "result_time"]
    assert answer["result"]["lead"]["ID"] == "7"
    assert ids(answer["result"]["leads"]) == list(range(51, 101))
    assert answer["result_error"] == []
    assert answer["result_total"] == {"leads": 300}
    assert answer["result_next"] == {"leads": 100}
    assert set(answer["result_time"]) == {"lead", "leads", "me"}


def test_commands_are_query_strings():
    plain = "crm.lead.list?filter[>ID]=10&filter[<ID]=13&select[]=ID&order[ID]=DESC&"
    encoded = "crm.lead.list?filter%5B%3EID%5D=10&filter[%3C%3DID]=12&select%5B0%5D=ID&order%5BID%5D=DESC"
    answer = batch({"a": plain, "b": encoded, "c": "CRM.Lead.List?FILTER[ID][0]=10&FILTER[ID][1]=11"})
    assert ids(answer["result"]["a"]) == ids(answer["result"]["b"]) == [12, 11]
    assert ids(answer["result"]["c"]) == [10, 11]


@pytest.mark.parametrize(
    "cmd", [["crm.lead.get?ID=1", "crm.lead.list"], {"0": "crm.lead.get?ID=1", "1": "crm.lead.list"}]
)
def test_numbered_commands_give_lists(cmd):
    answer = batch(cmd)
    assert [type(answer[part]) for part in ("result", "result_time", "result_error")] == [list, list, list]
    assert answer["result_total"] == {"1": 300}, "a gap makes an object"


def test_a_failed_command_is_missing_from_the_results():
    answer = batch(["crm.lead.get?ID=1", "crm.lead.get?ID=999999", "nope", "crm.lead.get?ID=2"])
    assert list(answer["result"]) == ["0", "3"]
    assert answer["result_error"] == {
        "1": {"error": "", "error_description": "Not found"},
        "2": {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"},
    }


@pytest.mark.parametrize(
    ("halt", "done"),
    [(1, ["a"]), ("1", ["a"]), (True, ["a"]), (0, ["a", "c"]), ("0", ["a", "c"]), (None, ["a", "c"])],
)
def test_halt_stops_at_the_first_error(halt, done):
    answer = batch({"a": "profile", "b": "nope", "c": "profile"}, halt=halt)
    assert list(answer["result"]) == done
    assert list(answer["result_error"]) == ["b"]


def test_fifty_commands_and_no_more():
    answer = batch({f"c{n}": "crm.lead.get?ID=1" for n in range(53)})
    assert len(answer["result"]) == 50
    error = {"error": "ERROR_BATCH_LENGTH_EXCEEDED", "error_description": "Max batch length exceeded"}
    assert answer["result_error"] == {"c50": error, "c51": error, "c52": error}


@pytest.mark.parametrize("command", ["batch?cmd[]=profile", "BATCH", "upload", "download?token=x"])
def test_some_methods_are_refused_in_a_batch(command):
    answer = batch({"a": command})
    assert answer["result"] == []
    assert answer["result_error"]["a"] == {
        "error": "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "error_description": "Method is not allowed for batch usage",
    }


def test_each_command_has_all_of_its_time():
    answer = batch({"a": "profile", "b": "crm.lead.list", "c": "nope"}, make_portal(leads=20, burst=50))
    six = ["start", "finish", "duration", "processing", "date_start", "date_finish"]
    assert {key: list(timing) for key, timing in answer["result_time"].items()} == {
        key: [*six, "operating_reset_at", "operating"] for key in ("a", "b")
    }


@pytest.mark.parametrize("root", ["result", "result_error", "result_total", "result_next", "result_time"])
def test_every_part_of_an_answer_can_be_referred_to(root):
    results = Results(**{root: {"first": {"key": "ID"}}})
    assert parse_command(f"m?a=${root}[first][key]", results) == ("m", {"a": "ID"})
    assert parse_command(f"m?a[${root}[first][key]]=1", results) == ("m", {"a": {"ID": "1"}})


@pytest.mark.parametrize("cmd", [None, "", "profile", 5, [], {}, [5, None, {"a": 1}]])
def test_what_is_no_command_is_skipped(cmd):
    assert batch(cmd) == {
        name: [] for name in ("result", "result_error", "result_total", "result_next", "result_time")
    }


def test_references_use_earlier_results():
    answer = batch(
        {
            "leads": "crm.lead.list?filter[>ID]=10&select[]=ID",
            "first": "crm.lead.get?ID=$result[leads][0][ID]",
            "encoded": "crm.lead.get?ID=%24result%5Bleads%5D%5B1%5D%5BID%5D",
            "owner": "user.get?ID=$result[first][ASSIGNED_BY_ID]",
            "next": "crm.lead.list?select[]=ID&start=$result_next[leads]",
            "total": "crm.lead.get?ID=$result_total[leads]",
            "in_a_name": "crm.lead.list?select[]=ID&filter[%3EID]=$result[first][ID]&order[ID]=ASC",
        }
    )
    found = answer["result"]
    assert (found["first"]["ID"], found["encoded"]["ID"]) == ("11", "12")
    assert found["owner"][0]["ID"] == found["first"]["ASSIGNED_BY_ID"]
    assert ids(found["next"])[0] == 51
    assert found["total"]["ID"] == str(answer["result_total"]["leads"]) == "290"
    assert ids(found["in_a_name"])[0] == 12


def test_references_work_in_names():
    results = Results(result={"field": "ID", "rows": [{"ID": "4"}]})
    assert parse_command("m?filter[$result[field]]=4", results) == ("m", {"filter": {"ID": "4"}})
    assert parse_command("m?x[$result[rows][0][ID]]=$result[rows]", results) == (
        "m",
        {"x": {"4": [{"ID": "4"}]}},
    )


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("$result[rows][0][ID]", "4"),
        ("$result[rows][7][ID]", [{"ID": "4"}]),
        ("$result[rows][0][NOPE]", {"ID": "4"}),
        ("$result[rows][0][ID][deeper]", "4"),
        ("$result[nope][0]", {"rows": [{"ID": "4"}]}),
        ("$result", {"rows": [{"ID": "4"}]}),
        ("$result_error[bad][error]", "E"),
        ("$result_total[rows]", 1),
        ("x$result[rows]", "x$result[rows]"),
        ("$results[rows]", "$results[rows]"),
        ("$result[rows]x", "$result[rows]x"),
    ],
)
def test_a_reference_ends_at_the_deepest_value_it_reaches(reference, value):
    results = Results(
        result={"rows": [{"ID": "4"}]}, result_error={"bad": {"error": "E"}}, result_total={"rows": 1}
    )
    assert parse_command(f"m?a={reference}", results) == ("m", {"a": value})


def test_a_chain_of_pages_by_id_goes_on_behind_its_end():
    """As clients do that read 50 pages in one batch without counting: behind the end rows come again."""
    cmd = {"p0": "crm.lead.list?start=-1&select[]=ID&order[ID]=ASC"}
    for n in range(1, 8):
        cmd[f"p{n}"] = (
            f"crm.lead.list?start=-1&select[]=ID&order[ID]=ASC&filter[>ID]=$result[p{n - 1}][49][ID]"
        )
    pages = [ids(rows) for rows in batch(cmd)["result"].values()]
    assert [page[0] for page in pages[:6]] == [1, 51, 101, 151, 201, 251]
    assert pages[6] == []
    assert pages[7] == list(range(1, 51)), "an array compared with is 1 or, when empty, 0"


def test_a_batch_pays_the_request_once_and_each_command():
    portal = make_portal(leads=200)
    single = portal.call("crm.lead.get", {"ID": 1}).cost_ns
    many = portal.call("batch", {"cmd": ["crm.lead.get?ID=1"] * 50}).cost_ns
    config = portal.config
    assert single == config.base_ns + config.command_ns + config.row_ns == 3_520_000
    assert many == config.base_ns + 50 * (config.command_ns + config.row_ns)


def test_the_journal_expands_a_batch():
    portal = make_portal(leads=200)
    portal.call("batch", {"cmd": {"a": "crm.lead.list?filter[NOPE]=1", "b": "nope"}})
    rows = [(r.method, r.command, r.status, r.rows, r.dropped_filter_keys, r.error) for r in portal.journal]
    assert rows == [
        ("batch", "", 200, 0, (), ""),
        ("crm.lead.list", "a", 200, 50, ("NOPE",), ""),
        ("nope", "b", 404, 0, (), "ERROR_METHOD_NOT_FOUND"),
    ]
    assert portal.journal[0].cost_ns == portal.config.base_ns + sum(r.cost_ns for r in portal.journal[1:])


def test_a_command_starts_when_the_one_before_has_ended():
    portal = make_portal(leads=200, clock=Clock(0.0))
    answer = batch(["crm.lead.get?ID=1", "crm.lead.get?ID=2"], portal)
    first, second = answer["result_time"]
    assert first["start"] == 0.002
    assert second["start"] == first["finish"] == 0.00352
