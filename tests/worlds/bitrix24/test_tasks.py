"""Tasks: ``tasks.task.*``, with names and errors of its own."""

import pytest

from tests.worlds.bitrix24.helpers import Clock, make_portal, result

pytestmark = pytest.mark.once


PORTAL = make_portal(leads=200)
NOW = "2026-01-01T03:00:00+03:00"


def tasks(portal=PORTAL, **params):
    return result(portal, "tasks.task.list", **params)["tasks"]


def numbers(**params):
    return [int(task["id"]) for task in tasks(**params)]


def refusal(portal, method, **params):
    reply = portal.call(f"tasks.task.{method}", params)
    assert reply.status == 400, reply
    return reply.body["error"], reply.body["error_description"]


def test_the_newest_come_first_and_fifty_to_a_page():
    reply = PORTAL.call("tasks.task.list", {}).body
    assert [int(task["id"]) for task in reply["result"]["tasks"]] == list(range(75, 25, -1))
    assert (reply["total"], reply["next"]) == (75, 50)
    assert numbers(start=60) == list(range(25, 0, -1))


def test_numbers_are_text_and_persons_come_with_theirs():
    task = tasks(filter={"ID": 8}, select=["ID", "TITLE", "RESPONSIBLE_ID", "AUDITORS", "DEADLINE"])[0]
    person = task.pop("responsible")
    assert task == {
        "id": "8", "title": "Task 8", "responsibleId": person["id"], "auditors": ["1"],
        "deadline": task["deadline"],
    }  # fmt: skip
    assert set(tasks(select=["title"])[0]) == {"id", "title"}
    assert {"creator", "responsible", "ufCrmTask"} <= set(tasks()[0])


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"<=ID": 5, "STATUS": 5}, [4, 3]),
        ({"<=ID": 5, "REAL_STATUS": "5"}, [4, 3]),
        ({"<=ID": 5, "!STATUS": 5}, [5, 2, 1]),
        ({"UF_CRM_TASK": "L_5"}, [2]),
        ({"%TITLE": "sk 75"}, [75]),
        ({"<ID": 3, "NOPE": 1}, [2, 1]),
    ],
)
def test_filters(filter_, found):
    assert numbers(filter=filter_) == found


def test_orders():
    assert numbers(order={"ID": "asc"}, filter={"<ID": 4}) == [1, 2, 3]
    by_status = tasks(order={"STATUS": "asc", "id": "desc"}, filter={"<=ID": 5})
    assert [(task["status"], task["id"]) for task in by_status] == [
        ("2", "1"), ("3", "2"), ("5", "4"), ("5", "3"), ("6", "5"),
    ]  # fmt: skip
    for order in ({"NOPE": "asc"}, {"AUDITORS": "asc"}):
        assert refusal(PORTAL, "list", order=order) == ("0", "Invalid sort key (internal error)")


def test_a_task_by_its_number():
    assert result(PORTAL, "tasks.task.get", taskId=3)["task"]["title"] == "Task 3"
    assert set(result(PORTAL, "tasks.task.get", taskId=3, select=["ID", "STATUS"])["task"]) == {
        "id",
        "status",
    }


@pytest.mark.parametrize(
    ("params", "code"),
    [({}, "100"), ({"taskId": "x"}, "0"), ({"taskId": [1]}, "0"), ({"taskId": 10**6}, "1048582")],
)
@pytest.mark.parametrize("method", ["get", "update", "delete", "complete"])
def test_the_task_must_be_named_and_known(method, params, code):
    assert refusal(PORTAL, method, fields={"TITLE": "a"}, **params)[0] == code


def test_a_select_must_be_an_array():
    for select in ("ID", []):
        assert refusal(PORTAL, "get", taskId=1, select=select)[0] == "100"


def test_a_task_lives():
    portal = make_portal(leads=20, clock=Clock())
    sent = {"TITLE": "call back", "RESPONSIBLE_ID": 12, "UF_CRM_TASK": ["L_4"], "NOPE": 1, "ID": 3}
    task = result(portal, "tasks.task.add", fields=sent)["task"]
    assert (task["id"], task["status"], task["createdBy"], task["createdDate"]) == ("8", "2", "1", NOW)
    assert task["ufCrmTask"] == ["L_4"]
    started = result(portal, "tasks.task.start", taskId=8)["task"]
    assert (started["status"], started["dateStart"], started["closedDate"]) == ("3", NOW, None)
    done = result(portal, "tasks.task.complete", taskId=8)["task"]
    assert (done["status"], done["closedDate"], done["closedBy"]) == ("5", NOW, "1")
    assert result(portal, "tasks.task.defer", taskId=8)["task"]["status"] == "6"
    assert (
        result(portal, "tasks.task.update", taskId=8, fields={"title": "again"})["task"]["title"] == "again"
    )
    assert [row["id"] for row in tasks(portal, filter={"STATUS": 6, "RESPONSIBLE_ID": 12})] == ["8"]
    assert result(portal, "tasks.task.delete", taskId=8) == {"task": True}
    assert refusal(portal, "get", taskId=8)[0] == "1048582"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"RESPONSIBLE_ID": 12}, "Task name is not specified.<br>"),
        ({"TITLE": "a"}, "Responsible person is not specified.<br>"),
        ({"TITLE": "a", "RESPONSIBLE_ID": 99}, 'The user specified in the field "Responsible person"'),
        ({"TITLE": "a", "RESPONSIBLE_ID": 12, "STATUS": 9}, "Invalid status.<br>"),
    ],
)
def test_a_task_needs_a_name_and_somebody_responsible(fields, text):
    code, told = refusal(PORTAL, "add", fields=fields)
    assert code == "ERROR_CORE"
    assert told.startswith(text)


def test_fields_must_be_given():
    for fields in (None, "x", {}):
        told = refusal(PORTAL, "add", fields=fields)
        assert told == ("100", "Could not find value for parameter {fields} (internal error)")


def test_fields_are_described():
    described = result(PORTAL, "tasks.task.getFields")["fields"]
    assert described["ID"] == {"title": "ID", "type": "integer", "primary": True}
    assert {"TITLE", "DEADLINE", "UF_CRM_TASK"} <= set(described)


def test_comments_of_a_task():
    found = result(PORTAL, "task.commentitem.getlist", TASKID=3)
    assert [comment["POST_MESSAGE"] for comment in found] == ["Comment 1", "Comment 2"]
    assert result(PORTAL, "task.commentitem.getlist", TASKID=3, ORDER={"ID": "desc"}) == found[::-1]
    assert tasks(filter={"ID": 3}, select=["COMMENTS_COUNT"])[0]["commentsCount"] == "2"


def test_no_two_rows_share_a_list():
    first, second = tasks()[:2]
    first["accomplices"].append("1")
    assert second["accomplices"] == []
    assert tasks()[0]["accomplices"] == []
