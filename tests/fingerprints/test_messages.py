"""Messages of exceptions: what identifies the problem stays, what is secret does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.fingerprints.messages import MAX_LOOKED_AT, describe_message


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("ValueError: no 'result' in the answer", None),
        ("KeyError: 'token'", None),
        ("bad header Authorization: Bearer Zx1", "bad header Authorization: ***"),
        ("{'Authorization': 'Basic Zx1==', 'n': 5}", "{'Authorization': ***, 'n': 5}"),
        ("sent with bearer Zx1.Zx2-Zx3", "sent with Bearer ***"),
        ("X-Api-Key: Zx1, n: 5", "X-Api-Key: ***, n: 5"),
        ("Cookie: sid=Zx1", "Cookie: ***"),
        ('{"access_token": "Zx1 Zx2"}', '{"access_token": ***}'),
        ("client_secret=Zx1&grant=code", "client_secret=***&grant=code"),
        ("host=db password='Zx1 Zx2' user=me", "host=db password=*** user=me"),
        ("Key (api_token)=(Zx1) already exists.", "Key (api_token)=*** already exists."),
        ("failed\n[SQL: SELECT 'Zx1']\n[parameters: ('Zx2',)]", "failed"),
        ("redis://:Zx1@cache:6379/0", "redis://:***@cache:6379/0"),
        (
            "mysql+pymysql://root:Zx1@db/s?charset=Zx2&x=Zx3",
            "mysql+pymysql://root:***@db/s?charset=***&x=***",
        ),
        (
            "GET https://me:Zx1@api.test/rest/1/zx1hook9f8e7d/a.b?k=Zx1#Zx2",
            "GET api.test/rest/{user}/{token}/a.b?k=",
        ),
    ],
)
def test_what_is_secret_is_masked(message, said):
    shown = describe_message(message)
    assert shown == (message if said is None else said)
    assert "zx" not in shown.lower()


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_is_one_line(text):
    assert "\n" not in describe_message(text)


@pytest.mark.parametrize("part", ["a-", "token", "token=", "'", "bearer ", "a://", "password : ", "(" * 3])
def test_a_long_message_is_cut_first(part):
    assert len(describe_message(part * MAX_LOOKED_AT)) <= 2 * MAX_LOOKED_AT
