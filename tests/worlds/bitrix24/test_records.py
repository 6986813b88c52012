"""What is added to finished calls, the statistics of calls, and the files of the drive."""

import pytest

from perfkit.worlds.bitrix24.files import FIRST_NUMBER, NAMES
from tests.worlds.bitrix24.helpers import make_portal, result
from tests.worlds.bitrix24.test_telephony import Exchange, core_error

pytestmark = pytest.mark.once


EARLY = "Call is not found in the statistic table. It looks like it is not finished yet."
NO_SOURCE = "Required parameters are not set. Request should contain either URL or FILENAME parameter"
MESSAGE = {"SIDE": "User", "START_TIME": 0, "STOP_TIME": 2, "MESSAGE": "Hello"}


@pytest.fixture
def exchange():
    return Exchange()


def finished_call(exchange, **params):
    call_id = exchange.ring(**params)
    exchange("finish", CALL_ID=call_id, USER_ID=12, DURATION=30)
    return call_id


def test_a_record_comes_after_the_end(exchange):
    call_id = exchange.ring()
    assert exchange.error("attachRecord", CALL_ID=call_id, FILENAME="1.mp3") == core_error(EARLY)
    exchange("finish", CALL_ID=call_id, USER_ID=12)
    url = "https://pbx.example.org/records/1.MP3?key=1"
    first = exchange("attachRecord", CALL_ID=call_id, RECORD_URL=url)["FILE_ID"]
    again = exchange("attachRecord", CALL_ID=call_id, FILENAME="1.wav", FILE_CONTENT="aGVsbG8=")["FILE_ID"]
    assert again == first + 1
    row = exchange.portal.call("voximplant.statistic.get", {}).body["result"][0]
    assert (row["RECORD_FILE_ID"], row["CALL_RECORD_URL"]) == (str(again), None)
    assert result(exchange.portal, "disk.file.get", id=first)["NAME"] == "1.MP3"
    assert result(exchange.portal, "disk.file.get", id=again)["SIZE"] == "5"


def test_a_name_alone_gives_an_address_to_send_the_record_to(exchange):
    answer = exchange("attachRecord", CALL_ID=finished_call(exchange), FILENAME="1.mp3")
    assert list(answer) == ["uploadUrl", "fieldName"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, NO_SOURCE),
        ({"FILENAME": ""}, "File name is empty"),
        ({"FILENAME": "1.ogg"}, "Wrong file extension. Only wav and mp3 are allowed"),
        ({"RECORD_URL": "https://pbx.example.org/1"}, "Wrong file extension. Only wav and mp3 are allowed"),
        ({"FILENAME": "1.mp3", "FILE_CONTENT": ""}, "File content is empty."),
        (
            {"FILENAME": "1.mp3", "FILE_CONTENT": "no base64"},
            "File content is not properly encoded. Base64 encoding is expected.",
        ),
        (
            {"FILENAME": "1.mp3", "FILE_CONTENT": "ä"},
            "File content is not properly encoded. Base64 encoding is expected.",
        ),
    ],
)
def test_what_attach_record_refuses(exchange, params, text):
    assert exchange.error("attachRecord", CALL_ID=finished_call(exchange), **params) == core_error(text)


def transcribe(exchange, **params):
    return exchange.reply("call.attachTranscription", **params)


def test_transcriptions_are_numbered(exchange):
    ids = [finished_call(exchange, TYPE=kind) for kind in (1, 2)]
    replies = [transcribe(exchange, CALL_ID=call_id, MESSAGES=[MESSAGE]) for call_id in ids]
    assert [reply.body["result"] for reply in replies] == [{"TRANSCRIPT_ID": 1}, {"TRANSCRIPT_ID": 2}]
    rows = exchange.portal.call("voximplant.statistic.get", {}).body["result"]
    assert [row["TRANSCRIPT_ID"] for row in rows] == ["1", "2"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "CALL_ID should be set"),
        ({"CALL_ID": "x"}, "MESSAGES should be an array"),
        ({"CALL_ID": "x", "MESSAGES": [MESSAGE]}, "Call x is not found. Is it finished?"),
        (
            {"CALL_ID": "x", "MESSAGES": [MESSAGE, {**MESSAGE, "SIDE": "Dog"}]},
            "MESSAGES[1][SIDE] should be either Client or User",
        ),
        (
            {"CALL_ID": "x", "MESSAGES": [{**MESSAGE, "START_TIME": -1}]},
            "MESSAGES[0][START_TIME] should be greater or equal to zero",
        ),
        (
            {"CALL_ID": "x", "MESSAGES": [{**MESSAGE, "STOP_TIME": 0}]},
            "MESSAGES[0][STOP_TIME] should be greater than zero",
        ),
        ({"CALL_ID": "x", "MESSAGES": [{**MESSAGE, "MESSAGE": ""}]}, "MESSAGES[0][MESSAGE] is empty"),
        (
            {"CALL_ID": "x", "MESSAGES": ["text"]},
            "MESSAGES[0][SIDE] should be either Client or User",
        ),
        (
            {"CALL_ID": "x", "MESSAGES": [{**MESSAGE, "SIDE": ["User"]}]},
            "MESSAGES[0][SIDE] should be either Client or User",
        ),
    ],
)
def test_what_transcriptions_refuse(exchange, params, text):
    reply = transcribe(exchange, **params)
    assert (reply.status, reply.body["error_description"]) == (400, text)


def statistics(exchange, **params):
    return exchange.portal.call("voximplant.statistic.get", params).body


def test_the_statistics_are_a_list(exchange):
    for number in range(60):
        finished_call(exchange, EXTERNAL_CALL_ID=str(number), TYPE=1 + number % 2)
    page = statistics(exchange, FILTER={"CALL_TYPE": 2}, SORT="ID", ORDER="DESC")
    assert [int(row["ID"]) for row in page["result"]] == list(range(60, 0, -2))
    assert page["total"] == 30
    first, second = statistics(exchange), statistics(exchange, start=50)
    assert (len(first["result"]), first["next"], len(second["result"])) == (50, 50, 10)
    row = first["result"][0]
    assert (row["CALL_DURATION"], row["COST"], row["CALL_TYPE"]) == ("30", "0.0000", "1")
    finished_call(exchange, EXTERNAL_CALL_ID="another")
    assert statistics(exchange)["total"] == 61
    assert statistics(exchange, FILTER={"NOPE": 1})["total"] == 61


def test_files_are_there_from_the_start():
    portal = make_portal()
    row = result(portal, "disk.file.get", id=FIRST_NUMBER)
    assert (row["ID"], row["NAME"], row["TYPE"], row["SIZE"]) == ("9001", NAMES[0], "file", "1024")
    assert result(portal, "disk.file.get", ID=str(FIRST_NUMBER)) == row
    described = result(portal, "disk.file.getFields")
    assert described["ID"] == {"TYPE": "integer", "USE_IN_FILTER": True, "USE_IN_SHOW": True}
    assert not described["SIZE"]["USE_IN_FILTER"]
    assert set(described) < set(row)


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({}, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}"),
        ({"id": "x"}, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}"),
        ({"id": [9001]}, "ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}"),
        ({"id": 5}, "ERROR_NOT_FOUND", "Could not find entity with id `5`"),
        ({"id": FIRST_NUMBER + len(NAMES) - 1}, "ACCESS_DENIED", "Access denied"),
    ],
)
def test_what_is_no_file(params, code, text):
    reply = make_portal().call("disk.file.get", params)
    assert (reply.status, reply.body) == (400, {"error": code, "error_description": text})
