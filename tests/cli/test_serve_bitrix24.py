"""``perfkit serve bitrix24``: the portal as a process of its own."""

import http.client
import json
import signal
import ssl
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from perfkit.cli.app import cli
from perfkit.cli.link_control import FaultText
from tests.cli.test_serve import Serving

pytestmark = pytest.mark.once


def portal(project, *arguments):
    return Serving(project, "bitrix24", "--port", "0", "--leads", "20", *arguments)


def ask(url, method="profile", *, verb="GET", body=None, path=None, ca=None):
    """Status and body."""
    parts = urlsplit(url)
    if ca is None:
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    else:
        trusted = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection(parts.netloc, timeout=20, context=trusted)
    data = None if body is None else json.dumps(body)
    connection.request(verb, path or f"{parts.path}{method}", data, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    read = answer.status, answer.read()
    connection.close()
    return read


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_end(project, number):
    with portal(project) as server:
        assert server.address.startswith("http://127.0.0.1:")
        status, body = ask(server.address, "crm.lead.get?ID=7")
        assert (status, json.loads(body)["result"]["TITLE"]) == (200, "Lead 7")
        said = server.end(number)
    assert "served: requests 1, commands 0," in said


def test_tariff_faults_and_strict(project):
    options = ("--tariff", "standard", "--fault", "500:profile,count=1", "--strict", "error")
    with portal(project, *options, "--front", "aiohttp", "--workers", "2") as server:
        assert ask(server.address)[0] == 500
        assert b"PERFKIT_STRICT" in ask(server.address, "crm.lead.list?filter[NO]=1&select[]=ID")[1]
        assert b'"operating"' in ask(server.address)[1], "a server of one's own would not tell"
        server.end()


def test_what_sources_disagree_about_can_be_set(project):
    settings = ("past_end=empty", "bad_token_status=403", "telephony_webhooks=true", "whole_seconds=1")
    with portal(
        project, "--tariff", "standard", *(f"--set={one}" for one in (*settings, "burst=none"))
    ) as server:
        body = json.loads(ask(server.address, "crm.lead.list?start=500&select[]=ID")[1])
        assert (body["result"], type(body["time"]["start"])) == ([], int)
        assert ask(server.address.replace("demo", "wrong"))[0] == 403
        call = "telephony.externalcall.register?USER_ID=1&PHONE_NUMBER=123456&TYPE=2"
        assert ask(server.address, call)[0] == 200
        assert {ask(server.address)[0] for _ in range(60)} == {200}
        server.end()


def test_the_admin_api_is_for_loopback_unless_asked_for(project):
    with portal(project) as server:
        assert json.loads(ask(server.address, path="/_perfkit/stats")[1])["requests"] == 0
        server.end()
    with portal(project, "--no-admin") as server:
        assert ask(server.address, path="/_perfkit/stats")[0] == 404
        server.end()


def test_https(project):
    with portal(project, "--https") as server:
        assert server.address.startswith("https://127.0.0.1:")
        ca = server.process.stderr.readline().removeprefix("ca: ").strip()
        assert ask(server.address, ca=ca)[0] == 200
        server.end()


def test_a_journal_is_analyzed(project, perfkit):
    with portal(project, "--journal", "journal.json") as server:
        for number in range(1, 30):
            ask(server.address, f"crm.lead.get?ID={number}")
        assert "/journal.json" in server.end()
    found = perfkit("analyze", "journal.json", "--fail-on", "PK102", check=1).stdout
    assert "crm.lead.get" in found
    assert "29" in found
    said = perfkit("serve", "bitrix24", "--journal", "journal.json", check=2).stderr
    assert "journal.json exists" in said


def test_record_and_replay(project):
    with portal(project, "--record", "answers.jsonl") as server:
        recorded = ask(server.address, "crm.lead.get?ID=7")
        server.end()
    assert "perfkitdemotoken" not in (project / "answers.jsonl").read_text()
    with portal(project, "--replay", "answers.jsonl") as server:
        assert ask(server.address, "crm.lead.get?ID=7") == recorded
        status, body = ask(server.address, "crm.lead.get?ID=8")
        assert (status, json.loads(body)["error"]) == (404, "PERFKIT_NOT_RECORDED")
        server.end()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "rezet"], "Did you mean 'reset'"),
        (["--fault", "503,cuont=5"], "Did you mean 'count'"),
        (["--tariff", "entreprise"], "'entreprise' is not one of 'standard', 'enterprise', 'own'"),
        (["--replay", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["--rtt", "200"], "'200' is no duration"),
        (["--lead", "5"], "--leads"),
        (["--workers", "0"], "--workers"),
        (["--journal", "a", "--record", "./a"], "--journal and --record name the same file, a"),
        (["--record", "a", "--replay", "a"], "--record and --replay name the same file"),
        (["--record", "."], "it is a folder. Name a file with --record."),
        (["--host", "192.0.2.1"], "Choose another --host."),
        (["--set", "pastend=empty"], "Did you mean 'past_end'"),
        (["--set", "past_end=never"], "past_end must be 'wrap' or 'empty', not 'never'"),
        (["--set", "bad_token_status=402"], "bad_token_status must be 401 or 403, not 402"),
        (["--set", "telephony_webhooks=maybe"], "'telephony_webhooks=maybe'"),
        (["--set", "burst=0"], "lets nothing through"),
    ],
)
def test_mistakes_are_explained(arguments, words):
    ended = CliRunner().invoke(cli, ["serve", "bitrix24", "--port", "0", *arguments])
    assert ended.exit_code != 0
    assert words in " ".join(f"{ended.output} {ended.exception}".split())


def test_shares_are_written_alike_for_a_link():
    assert FaultText().convert("reset,p=0.5", None, None) == FaultText().convert(
        "reset,share=0.5", None, None
    )


def test_help_shows_how_faults_are_written():
    said = CliRunner().invoke(cli, ["serve", "bitrix24", "--help"]).output
    assert "--fault 503:crm.lead.list,p=0.1" in said
    assert "--tariff [standard|enterprise|own]" in said
