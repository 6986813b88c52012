import asyncio
import inspect
import threading
import time

import greenlet
import pytest
import redis
import redis.asyncio
from hypothesis import given
from hypothesis import strategies as st

import perfkit
from perfkit.probes import redis as probe
from perfkit.probes.redis import describe_command, mask_key
from perfkit.tracing import Recording
from tests.fingerprints.secrets import secrets
from tests.redis_server import redis_server

ONCE = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
KEYS_OF_A_QUERY = {"sql", "params", "system", "host", "database", "connection", "library"}


@pytest.fixture(scope="module")
def port():
    with redis_server() as found:
        yield found


@pytest.fixture(autouse=True)
def _installed():
    perfkit.uninstrument()
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def client(port):
    with redis.Redis("127.0.0.1", port, decode_responses=True) as found:
        found.flushall()
        yield found


def recorded(main):
    """The spans of what ``main(client)`` does, sync or asyncio."""
    with Recording() as rec:
        main()
    return rec.trace.spans


def recorded_async(main, port, **options):
    async def whole():
        client = redis.asyncio.Redis(host="127.0.0.1", port=port, **options)
        try:
            with Recording() as rec:
                await main(client)
        finally:
            await client.aclose()
        return rec.trace.spans

    return asyncio.run(whole())


def line():
    return inspect.currentframe().f_back.f_lineno


# Templates

TEMPLATES = {
    ("GET", "user:17:name"): "GET user:{id}:name",
    ("GET", b"user:17:name"): "GET user:{id}:name",
    ("get", "greeting"): "GET greeting",
    ("SET", "session:Zm9vYmFyYmF6MTIzNDU2Nzg5", "v", "EX", 5): "SET session:{token} ?",
    ("MGET", "u:1", "u:2", "u:3"): "MGET u:{id}",
    ("MSET", "u:1", "a", "v:2", "b"): "MSET u:{id} v:{id} ?",
    ("DEL", "a", "b"): "DEL a b",
    ("RENAME", "a:1", "b:1"): "RENAME a:{id} b:{id}",
    ("BITOP", "AND", "to", "from:1", "from:2"): "BITOP to from:{id} ?",
    ("EVAL", "return 1", 2, "k:1", "k:2", "secret"): "EVAL {e0e1f9fa} k:{id} ?",
    ("EVALSHA", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", 0): "EVALSHA {e0e1f9fa} ?",
    ("EVALSHA", "no sha", 0): "EVALSHA ? ?",
    ("FCALL", "refill", 1, "bucket:5", 3): "FCALL refill bucket:{id} ?",
    ("ZUNIONSTORE", "to", 2, "a:1", "b:2", "WEIGHTS", 1, 2): "ZUNIONSTORE to a:{id} b:{id} ?",
    ("SINTERCARD", 2, "a", "b"): "SINTERCARD a b ?",
    ("XREAD", "STREAMS", "log:1", "log:2", "0", "0"): "XREAD log:{id} ?",
    ("XGROUP CREATE", "log:1", "workers", "$"): "XGROUP CREATE log:{id} ?",
    ("XGROUP", "CREATE", "log:1", "workers", "$"): "XGROUP CREATE log:{id} ?",
    ("OBJECT", "ENCODING", "a:1"): "OBJECT ENCODING a:{id}",
    ("JSON.GET", "doc:1", "$.secret"): "JSON.GET doc:{id} ?",
    ("CONFIG SET", "requirepass", "hunter"): "CONFIG SET ?",
    ("AUTH", "ann", "hunter"): "AUTH ?",
    ("ECHO", "hunter"): "ECHO ?",
    ("SET token hunter",): "SET token ?",
    ("NOVEL", "hunter"): "NOVEL ?",
    ("PING",): "PING",
    ("h4 x0r!",): "? ?",
}


@pytest.mark.parametrize(("command", "template"), TEMPLATES.items(), ids=lambda value: str(value)[:40])
def test_commands_become_templates(command, template):
    assert describe_command(command).template == template


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("cart:{42}:items", "cart:{{id}}:items"),
        ("user/17.name", "user/{id}.name"),
        ("shop.example.test", "shop.example.test"),
        ("ann.lee@example.test", "{email}"),
        ("a:" * 150, "a:" * 100 + "..."),
        ("x" * 1000, "..."),
        (17, "{id}"),
        ("", "?"),
        (memoryview(b"user:17"), "user:{id}"),
    ],
)
def test_keys_are_masked_part_by_part(key, masked):
    assert mask_key(key) == masked


@given(secrets, st.sampled_from(["GET", "DEL", "SET", "AUTH", "EVAL", "XADD", "JSON.SET", "CONFIG SET", "X"]))
def test_no_secret_survives(secret, name):
    for command in ((name, secret, secret), (name, f"user:{secret}", 1, secret), (name, 1, secret)):
        assert secret not in describe_command(command).template


@given(st.lists(st.one_of(st.text(), st.binary(), st.integers(), st.none()), max_size=5), st.text())
def test_anything_has_a_template(arguments, name):
    assert describe_command((name, *arguments)).template


# Commands


def test_a_command_and_its_connection(port):
    def main():
        with redis.Redis("127.0.0.1", port, db=3) as client:
            client.set("user:17:name", "Ann")
            main.line = line() - 1
            client.get("user:17:name")

    set_, connect, get = recorded(main)
    assert (set_.kind, connect.kind, get.kind) == ("query", "connect", "query")
    assert connect.parent == set_.id
    assert set_.name == set_.attrs["sql"] == "SET user:{id}:name ?"
    assert set(set_.attrs) == KEYS_OF_A_QUERY
    assert (set_.site.file, set_.site.line) == ("tests/probes/test_redis.py", main.line)
    assert connect.path == set_.path
    where = {"system": "redis", "host": f"127.0.0.1:{port}", "database": "3", "library": "redis"}
    assert connect.attrs == where
    assert {key: get.attrs[key] for key in where} == where
    assert get.attrs["connection"] == set_.attrs["connection"]


def test_the_same_from_asyncio(port):
    async def main(client):
        await client.set("user:17:name", "Ann")
        main.line = line() - 1
        await client.get("user:17:name")

    set_, connect, get = recorded_async(main, port)
    assert (set_.kind, connect.kind, get.kind) == ("query", "connect", "query")
    assert (connect.parent, connect.path) == (set_.id, set_.path)
    assert (set_.attrs["sql"], get.attrs["sql"]) == ("SET user:{id}:name ?", "GET user:{id}:name")
    assert set(set_.attrs) == KEYS_OF_A_QUERY
    assert set_.site.line == main.line


def test_gathered_commands_have_the_line_that_calls(port):
    async def main(client):
        async def one(number):
            return await client.get(f"user:{number}")

        await client.ping()
        await asyncio.gather(*(client.get(f"user:{number}") for number in range(3)))
        main.line = line() - 1
        await asyncio.gather(*map(one, range(3)))

    spans = [span for span in recorded_async(main, port) if span.attrs.get("sql") == "GET user:{id}"]
    assert [span.site.function.rpartition(".")[2] for span in spans] == ["main"] * 3 + ["one"] * 3
    assert {span.site.line for span in spans[:3]} == {main.line}
    assert len({span.task for span in spans}) == 6
    assert {span.parent for span in spans} == {None}


def test_equal_arguments_have_equal_hashes(client):
    def main():
        for key in ("a:1", "a:1", "a:2"):
            client.get(key)
        client.ping()
        client.execute_command("GET a:1")

    first, again, other, ping, in_one_text = recorded(main)[-5:]
    assert first.attrs["params"] == again.attrs["params"] != other.attrs["params"]
    assert ping.attrs["params"] == ""
    assert in_one_text.attrs["params"] != ""


def test_rows_are_the_length_of_a_list(client):
    client.rpush("list", 1, 2, 3)
    client.hset("hash", mapping={"a": 1, "b": 2})
    client.sadd("set", "x")

    def main():
        client.lrange("list", 0, -1)
        client.hgetall("hash")
        client.smembers("set")
        client.scan(count=100)
        client.get("nothing")
        client.llen("list")

    assert [span.attrs.get("rows") for span in recorded(main)] == [3, 2, 1, 3, None, None]


def test_errors_are_recorded_and_pass_untouched(client, port):
    client.set("name", "Ann")

    def main():
        with pytest.raises(redis.ResponseError, match="not an integer"):
            client.incr("name")
        with pytest.raises(redis.DataError):
            client.set("name", object())

    assert [span.error for span in recorded(main)] == ["ResponseError", "DataError"]

    async def main_async(client):
        with pytest.raises(redis.ResponseError, match="not an integer"):
            await client.incr("name")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.blpop("nothing"), 0.01)

    spans = [span for span in recorded_async(main_async, port) if span.kind != "connect"]
    assert [span.error for span in spans] == ["ResponseError", "CancelledError"]


def test_nobody_listening():
    def main():
        for client in (
            redis.Redis("127.0.0.1", 9, retry=ONCE),
            redis.Redis(unix_socket_path="/no/socket", retry=ONCE),
        ):
            with pytest.raises(redis.ConnectionError):
                client.get("a")

    spans = recorded(main)
    assert {span.error for span in spans} == {"ConnectionError"}
    assert {span.attrs["host"] for span in spans} == {"127.0.0.1:9", "/no/socket"}


def test_scripts_are_known_by_their_hash(client):
    double = client.register_script("return tonumber(ARGV[1]) * 2")

    def main():
        assert double(args=[21]) == 42

    assert [span.attrs["sql"].split(" {")[0] for span in recorded(main)] == [
        "EVALSHA",
        "SCRIPT LOAD ?",
        "EVALSHA",
    ]
    assert "tonumber" not in repr(recorded(main))


def test_values_are_kept_if_asked_for(client):
    with Recording(keep_values=True) as rec:
        client.set("user:17", "s3cr3t")
    (found,) = rec.trace.spans
    assert found.attrs["values"] == "('user:17', 's3cr3t')"


def test_passwords_stay_out_of_the_trace():
    def main(port, user):
        with redis.Redis("127.0.0.1", port, username=user, password="s3cr3t-pw") as client:
            client.get("a")
        client = redis.Redis("127.0.0.1", port, password="wr0ng-pw", retry=ONCE)
        with client, pytest.raises(redis.AuthenticationError):
            client.get("a")
        with redis.Redis.from_url(f"redis://:s3cr3t-pw@127.0.0.1:{port}/1") as client:
            client.execute_command("AUTH", "s3cr3t-pw")
            client.config_set("requirepass", "s3cr3t-pw")
            client.hset("a:1", mapping={"b": "s3cr3t-b"})

    with redis_server("--requirepass", "s3cr3t-pw") as port:
        spans = recorded(lambda: main(port, "default"))
    kinds = [(span.kind, span.attrs.get("sql"), span.error) for span in spans]
    assert kinds[:4] == [
        ("query", "GET a", None),
        ("connect", None, None),
        ("query", "GET a", "AuthenticationError"),
        ("connect", None, "AuthenticationError"),
    ]
    assert [span.attrs["database"] for span in spans[4:]] == ["1"] * 4
    assert "pw" not in repr(spans)
    assert "s3cr3t" not in repr(spans)


# Pipelines


def test_a_pipeline_is_one_query(client):
    def main():
        with client.pipeline(transaction=False) as pipeline:
            assert pipeline.execute() == []
            pipeline.set("x:1", 1).get("x:1").set("x:2", 2)
            pipeline.execute()
            main.line = line() - 1

    (found,) = recorded(main)
    assert (found.kind, found.attrs["sql"]) == ("query", "PIPELINE SET x:{id} ?, GET x:{id}")
    assert found.attrs["many"] == 3
    assert set(found.attrs) == KEYS_OF_A_QUERY | {"many"}
    assert found.site.line == main.line


def test_a_transaction_that_watches(client):
    def main():
        with client.pipeline() as pipeline:
            pipeline.watch("x:1")
            pipeline.get("x:1")
            pipeline.multi()
            pipeline.set("x:1", 2)
            pipeline.execute()
        with client.pipeline() as pipeline:
            pipeline.watch("x:1")
            client.set("x:1", 3)
            pipeline.multi()
            pipeline.get("x:1")
            with pytest.raises(redis.WatchError):
                pipeline.execute()

    spans = [span for span in recorded(main) if span.kind != "connect"]
    assert [(span.kind, span.attrs["sql"], span.attrs.get("many"), span.error) for span in spans] == [
        ("transaction", "WATCH x:{id}", None, None),
        ("query", "GET x:{id}", None, None),
        ("query", "MULTI SET x:{id} ?", 1, None),
        ("transaction", "WATCH x:{id}", None, None),
        ("query", "SET x:{id} ?", None, None),
        ("query", "MULTI GET x:{id}", 1, "WatchError"),
    ]
    assert [span.attrs.get("transaction") for span in spans if span.attrs.get("many")] == [True, True]


def test_pipelines_from_asyncio(port):
    async def main(client):
        async with client.pipeline() as pipeline:
            assert await pipeline.execute() == []
            pipeline.set("x:1", 1).get("x:1")
            assert await pipeline.execute() == [True, b"1"]
        async with client.pipeline(transaction=False) as pipeline:
            await pipeline.watch("x:1")
            assert await pipeline.get("x:1") == b"1"
            pipeline.multi()
            pipeline.set("x:1", 2)
            await pipeline.execute()

    spans = [span for span in recorded_async(main, port) if span.kind != "connect"]
    assert [(span.attrs["sql"], span.attrs.get("many"), span.attrs.get("transaction")) for span in spans] == [
        ("MULTI SET x:{id} ?, GET x:{id}", 2, True),
        ("WATCH x:{id}", None, None),
        ("GET x:{id}", None, None),
        ("MULTI SET x:{id} ?", 1, True),
    ]


def test_a_long_pipeline_has_a_short_template(client):
    def main():
        with client.pipeline(transaction=False) as pipeline:
            for number in range(probe.MAX_DESCRIBED + 1):
                pipeline.get(f"x:{number}")
            pipeline.execute()

    (found,) = recorded(main)
    assert (found.attrs["sql"], found.attrs["many"]) == ("PIPELINE GET x:{id}, ...", 101)


# Waiting


def test_commands_that_wait_for_others_are_no_queries(client):
    client.xadd("log", {"a": 1})

    def main():
        client.blpop("nothing", timeout=0.01)
        client.xread({"log": "$"}, block=1)
        client.xread({"log": "0"})

    spans = recorded(main)
    assert [(span.kind, span.attrs["sql"]) for span in spans] == [
        ("wait", "BLPOP nothing ?"),
        ("wait", "XREAD log ?"),
        ("query", "XREAD log ?"),
    ]


def test_subscribing(client):
    def main():
        with client.pubsub() as subscription:
            subscription.subscribe("news")
            assert subscription.get_message(timeout=5)["type"] == "subscribe"
            client.publish("news", "one")
            assert next(subscription.listen())["data"] == "one"
            assert subscription.get_message() is None

    spans = [span for span in recorded(main) if span.kind != "connect"]
    assert [(span.kind, span.attrs["sql"]) for span in spans] == [
        ("wait", "SUBSCRIBE"),
        ("query", "PUBLISH news ?"),
        ("wait", "SUBSCRIBE"),
    ]
    assert set(spans[0].attrs) == KEYS_OF_A_QUERY


def test_subscribing_from_asyncio(port):
    async def main(client):
        async with client.pubsub() as subscription:
            await subscription.psubscribe("n*")
            assert (await subscription.get_message(timeout=5))["type"] == "psubscribe"
            await client.publish("news", "one")
            async for message in subscription.listen():
                assert message["data"] == b"one"
                break

    spans = [span for span in recorded_async(main, port) if span.kind != "connect"]
    assert [(span.kind, span.attrs["sql"]) for span in spans] == [
        ("wait", "SUBSCRIBE"),
        ("query", "PUBLISH news ?"),
        ("wait", "SUBSCRIBE"),
    ]


def test_the_thread_of_a_subscription_waits_without_spans(client):
    got = threading.Event()

    def main():
        subscription = client.pubsub()
        subscription.subscribe(news=lambda message: got.set())
        thread = subscription.run_in_thread(sleep_time=0.001, daemon=True)
        client.publish("news", "one")
        assert got.wait(10)
        thread.stop()
        thread.join()

    assert [span.kind for span in recorded(main) if span.kind != "connect"] == ["query"]


# Connections


def test_a_command_that_is_tried_again(port):
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 3)
    with (
        redis.Redis("127.0.0.1", port, retry=retry, single_connection_client=True) as client,
        redis.Redis("127.0.0.1", port) as other,
    ):
        client.get("a")
        other.client_kill_filter(_type="normal", skipme=True)
        spans = recorded(lambda: client.get("a"))
    assert [(span.kind, span.error) for span in spans] == [("query", None), ("connect", None)]
    assert spans[0].attrs["retries"] == 1


def test_a_command_that_is_tried_again_from_asyncio(port):
    retry = redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 3)

    async def main(client):
        await client.get("a")
        with redis.Redis("127.0.0.1", port) as other:
            other.client_kill_filter(_type="normal", skipme=True)
        await client.get("b")

    spans = [span for span in recorded_async(main, port, retry=retry) if span.attrs.get("sql") == "GET b"]
    assert [(span.error, span.attrs["retries"]) for span in spans] == [(None, 1)]


def test_each_pool_has_its_number(client, port):
    def main():
        with redis.Redis("127.0.0.1", port) as other:
            client.get("a")
            other.get("a")
            client.get("a")

    numbers = [span.attrs["connection"] for span in recorded(main) if span.kind == "query"]
    assert numbers[0] == numbers[2] != numbers[1]


@pytest.fixture(scope="module")
def cluster_port():
    with redis_server("--cluster-enabled", "yes") as found:
        with redis.Redis("127.0.0.1", found) as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                time.sleep(0.01)
        yield found


CLUSTERED = [
    ("query", "SET user:{id} ?", None),
    ("query", "GET user:{id}", None),
    ("query", "PIPELINE GET user:{id}, GET user:{id}:name", 2),
]


def test_a_cluster(cluster_port):
    with redis.RedisCluster("127.0.0.1", cluster_port) as client:

        def main():
            client.set("user:17", 1)
            client.get("user:17")
            pipeline = client.pipeline()
            pipeline.get("user:17").get("user:17:name")
            pipeline.execute()

        spans = [span for span in recorded(main) if span.kind != "connect"]
    assert [(span.kind, span.attrs["sql"], span.attrs.get("many")) for span in spans] == CLUSTERED
    assert {span.attrs["host"] for span in spans} == {f"127.0.0.1:{cluster_port}"}


def test_a_cluster_from_asyncio(cluster_port):
    async def main():
        async with redis.asyncio.RedisCluster("127.0.0.1", cluster_port) as client:
            with Recording() as rec:
                await client.set("user:17", 1)
                await client.get("user:17")
                await client.pipeline().get("user:17").get("user:17:name").execute()
        return rec.trace.spans

    spans = [span for span in asyncio.run(main()) if span.kind != "connect"]
    assert [(span.kind, span.attrs["sql"], span.attrs.get("many")) for span in spans] == CLUSTERED


# The probe itself


def test_installing_is_idempotent_and_reversible():
    def seen():
        return [
            getattr(owner, name)
            for side in (redis, redis.asyncio)
            for owner, name in (
                (side.client.Redis, "execute_command"),
                (side.client.Pipeline, "execute"),
                (side.client.Pipeline, "immediate_execute_command"),
                (side.client.PubSub, "parse_response"),
                (side.cluster.RedisCluster, "execute_command"),
                (side.cluster.ClusterPipeline, "execute"),
                (side.retry.Retry, "call_with_retry"),
            )
        ]

    watched = seen()
    probe.install()
    assert seen() == watched
    probe.remove()
    plain = seen()
    assert [function.__wrapped__ for function in watched] == plain
    probe.remove()
    assert seen() == plain


def test_nothing_is_recorded_without_a_recording(client, port):
    client.get("a")

    async def main():
        client = redis.asyncio.Redis(host="127.0.0.1", port=port)
        await client.get("a")
        await client.aclose()

    asyncio.run(main())
    assert recorded(lambda: None) == []


def test_another_context_is_not_recorded(client):
    def main():
        thread = threading.Thread(target=lambda: client.get("a"))
        thread.start()
        thread.join()

    thread = threading.Thread(target=lambda: recorded(main))
    with Recording() as rec:
        client.get("b")
    thread.start()
    thread.join()
    assert [span.attrs["sql"] for span in rec.trace.spans] == ["GET b"]


def test_a_coroutine_keeps_its_name(port):
    async def main(client):
        running = client.execute_command("PING")
        main.name = running.__qualname__
        await running

    recorded_async(main, port)
    assert main.name == "Redis.execute_command"


def test_a_command_that_no_python_code_called(client):
    answers = []
    spans = recorded(lambda: answers.append(greenlet.greenlet(client.execute_command).switch("GET", "key")))
    assert answers == [None]
    assert [span.name for span in spans if span.kind == "query"] == ["GET key"]
