import pytest

from tests.sim.greenlets.support import answer

MS = 1_000_000
RTT, SERVICE = 20 * MS, 20 * MS
CALL = RTT + SERVICE
FIRST = RTT + CALL
"""A call on a new connection."""

SIZE = len(b"GET /bytes/1000000 HTTP/1.1\r\n\r\n") + len(
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
)

EXPECTED = {
    "requests_serial": [RTT + 200 * CALL, True],
    "requests_in_ten_threads": [RTT + 20 * CALL, "/199"],
    "requests_without_a_session": [3 * FIRST, ["/"] * 3],
    "requests_over_https": [RTT + FIRST + 2 * CALL, ["/0", "/1", "/2"]],
    "requests_timeouts": {
        "connect": [15 * MS, "ConnectTimeout"],
        "read": [RTT + 30 * MS, "ReadTimeout"],
        "none": [FIRST, "/"],
    },
    "requests_refused_and_unknown": [[RTT, "ConnectionError"], [0, "ConnectionError"]],
    "a_connection_that_the_server_closed_is_not_used_again": [[FIRST, "/"], [FIRST, "/"]],
    "a_session_of_an_earlier_simulation_connects_anew": [FIRST, "/"],
    "urllib3_pool": [RTT + 3 * CALL, ["/"] * 3],
    "http_client": [RTT + 3 * CALL, ["0", "1", "2"]],
    "urllib_request": [FIRST, "/"],
    "redis_client": [[FIRST, False], [10 * CALL, [True] * 10], [CALL, [True] * 10]],
    "large_bodies_take_their_bandwidth": [FIRST + 1000 * (1_000_000 + SIZE), 1_000_044],
    "a_plain_socket": {
        "before": [0, 1, 0],
        "late": [10 * MS, "TimeoutError"],
        "never": [0, "BlockingIOError"],
        "ready": 1,
        "when": CALL,
        "peeked": "HTTP",
        "read": "HTTP/1.1 200 OK\r\n",
        "port": 80,
        "fd": True,
        "closed": -1,
        "after": "OSError",
    },
    "poll_waits_until_there_is_something": [0, 5 * MS, True, 5 * MS + CALL],
    "what_is_no_internet_socket_is_real": ["real", True, True],
    "a_queue_and_four_threads": [1000 * MS, True],
    "a_semaphore_of_two": [1500 * MS, None],
    "events_and_timeouts": [[100 * MS, False], [200 * MS, True], [250 * MS, "Empty"]],
    "thread_locals_are_each_threads_own": [0, 1, 2],
    "main_is_in_the_main_thread": [True, "MainThread"],
    "gevents_own_tools": [250 * MS, "late", [400 * MS, 600 * MS, 800 * MS], 800 * MS],
    "sqlite_with_a_modelled_link": [500 * MS, None],
}


@pytest.fixture(scope="module")
def answers():
    return answer("programs")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_program_takes_exactly_as_long_as_theory_says(answers, name):
    assert answers[name] == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("asyncio_run_is_refused", "asyncio.run()"),
        ("real_threads_are_refused", "pool of real threads"),
        ("real_descriptors_in_the_hub_are_refused", "file descriptor"),
    ],
)
def test_what_cannot_be_simulated_says_so(answers, name, text):
    assert text in answers[name]


def test_a_recording_follows_the_threads_on_the_virtual_clock(answers):
    seen = answers["a_recording"]
    serial = [[0, FIRST, 1]] + [[FIRST + i * CALL, FIRST + (i + 1) * CALL, 1] for i in range(4)]
    assert [request[:3] for request in seen["requests"][:5]] == serial
    start = FIRST + 4 * CALL
    assert [request[:3] for request in seen["requests"][5:]] == [
        [start + turn * FIRST, start + (turn + 1) * FIRST, thread]
        for turn in range(2)
        for thread in (2, 3, 4)
    ]
    assert {request[3] for request in seen["requests"]} == {"a_recording", "a_recording.<lambda>"}
    assert seen["connects"] == [RTT] * 7


def test_a_librarys_function_is_put_down_to_the_line_that_gave_it_to_the_pool(answers):
    assert answers["library_functions_in_a_pool"] == ["one", "other", "one"]


def test_its_findings_name_the_lines_of_the_application(answers):
    assert answers["a_recording"]["findings"] == [
        ["PK102", 5, "a_recording", FIRST + 4 * CALL],
        ["PK401", 6, "a_recording.<lambda>", 2 * RTT],
        ["PK102", 6, "a_recording.<lambda>", 2 * FIRST],
    ]


@pytest.mark.parametrize("seed", ["1", "2", "random"])
def test_any_hash_seed_gives_the_same_figures(answers, seed):
    assert answers["a_trace_with_chance_in_it"][:2] == [180, 5]
    assert answer("programs", seed=seed) == answers
