"""The probe for redis-py: a span per command and per executed pipeline, sync, asyncio and cluster.

A span's ``sql`` is the command with its keys masked, ``GET user:{id}:name``; of a pipeline its distinct
commands, ``PIPELINE GET user:{id}, SET user:{id} ?``, or ``MULTI ...`` where it is a transaction.
Arguments that are no keys are ``?``; a script is the start of its SHA-1, be it run by EVAL or EVALSHA.
``connection`` numbers the pools: each command may be served by another of a pool's connections.
``retries`` says how often redis-py tried again by itself, if it did.

Commands that wait for somebody else's data (BLPOP, XREAD with BLOCK, WAIT, reading from a subscription)
are of kind "wait": their time says nothing about Redis, and a worker that polls is no N+1. WATCH and
UNWATCH are of kind "transaction". No spans: subscribing, which sends and awaits nothing; MONITOR; and what
redis-py says by itself on a new connection (HELLO, AUTH, SELECT), which is time of the "connect" span.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha1
from itertools import count
from types import FrameType
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from perfkit.fingerprints import describe_url
from perfkit.fingerprints.names import is_name
from perfkit.fingerprints.sql import Statement
from perfkit.fingerprints.values import encode_params
from perfkit.model.plain import represent
from perfkit.probes.clients import note_blocking
from perfkit.probes.queries import Link, Query, begin_connect, end, next_link
from perfkit.probes.replacements import Replacements
from perfkit.tracing import Operation, here, leave
from perfkit.tracing.callpath import capture
from perfkit.tracing.scopes import active, begin_below, innermost
from perfkit.tracing.tasks import start_of_task

LIBRARY = "redis"
TESTED = ("6.4", "8.2")
"""Versions from the first up to, not including, the second are covered by tests."""

MAX_DESCRIBED = 100
"""So many commands of a pipeline, or keys of a command, are looked at for the template."""

MAX_KEY = 200
"""So many characters of a key are looked at; the rest is ``...``."""

_LISTENING = Statement("SUBSCRIBE", "SUBSCRIBE", kind="wait")

_replaced = Replacements()
_pools: WeakKeyDictionary[Any, Link] = WeakKeyDictionary()
_clusters: dict[str, Link] = {}


def install() -> None:
    """Start watching redis-py. Does nothing when it is watched already."""
    import redis.asyncio

    if _replaced:
        return
    sides: list[tuple[Any, Any]] = [(redis, _watched), (redis.asyncio, _watched_async)]
    for library, watched in sides:
        connection = library.connection.AbstractConnection
        connect = "connect_check_health" if hasattr(connection, "connect_check_health") else "connect"
        _replaced.put(library.client.Redis, "execute_command", watched(_begin_command))
        _replaced.put(library.client.Pipeline, "immediate_execute_command", watched(_begin_command))
        _replaced.put(library.client.Pipeline, "execute", watched(_begin_pipeline))
        _replaced.put(library.client.PubSub, "parse_response", watched(_begin_listening))
        _replaced.put(library.cluster.RedisCluster, "execute_command", watched(_begin_command))
        _replaced.put(library.cluster.ClusterPipeline, "execute", watched(_begin_pipeline))
        _replaced.put(connection, connect, watched(_begin_connecting))
        _replaced.put(library.retry.Retry, "call_with_retry", _watch_retries)


def remove() -> None:
    """Put redis-py back as it was."""
    _replaced.undo()


def _watched(begin: Callable[..., Any]) -> Callable[[Any], Any]:
    def watch(original: Any) -> Any:
        def call(self: Any, *arguments: Any, **options: Any) -> Any:
            opened = _begun(begin, self, arguments, options, sys._getframe().f_back) if active else None
            note_blocking(opened)
            try:
                answer = original(self, *arguments, **options)
            except BaseException as error:
                leave(opened, error)
                raise
            _end(opened, answer)
            return answer

        return call

    return watch


def _watched_async(begin: Callable[..., Any]) -> Callable[[Any], Any]:
    def watch(original: Any) -> Any:
        async def call(self: Any, *arguments: Any, **options: Any) -> Any:
            opened = _begun(begin, self, arguments, options, sys._getframe().f_back) if active else None
            try:
                answer = await original(self, *arguments, **options)
            except BaseException as error:
                leave(opened, error)
                raise
            _end(opened, answer)
            return answer

        return call

    return watch


def _watch_retries(original: Any) -> Any:
    def call_with_retry(self: Any, do: Callable[[], Any], *arguments: Any, **options: Any) -> Any:
        opened = here()
        if not isinstance(opened, Query):
            return original(self, do, *arguments, **options)
        tried = count()

        def try_again() -> Any:
            if next(tried):
                opened.note(retries=1 + (opened.attrs or {}).get("retries", 0))
            return do()

        return original(self, try_again, *arguments, **options)

    return call_with_retry


def _begun(
    begin: Callable[..., Any], owner: Any, arguments: Any, options: Any, frame: FrameType | None
) -> Any:
    with suppress(Exception):
        return begin(owner, arguments, options, frame)
    return None


def _begin_command(client: Any, arguments: Sequence[Any], _: Any, frame: FrameType | None) -> Query | None:
    if not _is_outermost():
        return None
    # the command's name is none, unless it came with parameters in the same text
    params = arguments if " " in _text(arguments[0]) else arguments[1:]
    return _begin(client, describe_command(arguments), params, frame)


def _begin_pipeline(pipeline: Any, _: Any, __: Any, frame: FrameType | None) -> Query | None:
    staged, transaction = _staged(pipeline), _is_transaction(pipeline)
    if not _is_outermost() or not (staged or getattr(pipeline, "watching", False)):
        return None
    distinct = dict.fromkeys(describe_command(args).template for args in staged[:MAX_DESCRIBED])
    rest = ["..."] if len(staged) > MAX_DESCRIBED else []
    word = "MULTI" if transaction else "PIPELINE"
    statement = Statement(f"{word} {', '.join([*distinct, *rest])}".rstrip(), word)
    return _begin(pipeline, statement, staged, frame, many=len(staged), transaction=transaction or None)


def _begin_listening(pubsub: Any, arguments: Any, options: Any, frame: FrameType | None) -> Query | None:
    given = {**dict(zip(("block", "timeout"), arguments, strict=False)), **options}
    if not (given.get("block", True) or given.get("timeout")) or not _is_outermost():
        return None
    return _begin(pubsub, _LISTENING, (), frame)


def _begin_connecting(connection: Any, _: Any, __: Any, frame: FrameType | None) -> Operation | None:
    if getattr(connection, "_sock", None) is not None or getattr(connection, "is_connected", False):
        return None
    host = getattr(connection, "path", None) or _address(connection.host, connection.port)
    return begin_connect("redis", host, str(connection.db or 0), frame)


def _is_outermost() -> bool:
    """Whether something is recorded here, and no command of which this is a part."""
    opened = here()
    return opened is not None and not isinstance(opened, Query)


def _begin(
    client: Any, statement: Statement, params: Any, frame: FrameType | None, **more: Any
) -> Query | None:
    """Open a span; None for a wait that no line of the application led to."""
    if statement.kind == "wait" and not (capture(frame) or start_of_task()):
        return None
    encoded = encode_params(params) if params else b""
    opened = Query(statement.template, kind=statement.kind, statement=statement, params=encoded, **more)
    opened.link = _link(client)
    begin_below(innermost(), opened, frame)
    if params and opened.recording.keep_values:
        opened.note(values=represent(params))
    return opened


def _end(opened: Any, answer: Any) -> None:
    if not isinstance(opened, Query) or opened.many is not None or opened.statement is _LISTENING:
        leave(opened)
        return
    if opened.statement is not None and opened.statement.verb.endswith("SCAN"):
        answer = answer[1] if isinstance(answer, (list, tuple)) and len(answer) == 2 else None
    end(opened, len(answer) if isinstance(answer, (list, set, dict)) else None)


def _staged(pipeline: Any) -> list[tuple[Any, ...]]:
    """The arguments of each command that a pipeline will send."""
    holder = getattr(pipeline, "_execution_strategy", pipeline)  # of a cluster's pipeline
    names = ("_command_queue", "command_stack", "_command_stack")
    commands = next(getattr(holder, name) for name in names if hasattr(holder, name))
    return [command.args if hasattr(command, "args") else command[0] for command in commands]


def _is_transaction(pipeline: Any) -> bool:
    strategy = getattr(pipeline, "_execution_strategy", None)
    if strategy is not None:
        return type(strategy).__name__ == "TransactionStrategy"
    asked = getattr(pipeline, "is_transaction", getattr(pipeline, "transaction", False))
    return bool(asked and not callable(asked)) or bool(getattr(pipeline, "explicit_transaction", False))


def _link(client: Any) -> Link:
    """The identity of the client's pool, or of the cluster it speaks to."""
    pool = getattr(client, "connection_pool", None)
    if pool is None:
        nodes = getattr(client, "cluster_client", client).nodes_manager
        first = nodes.default_node or next(iter(nodes.startup_nodes.values()))
        host = _address(first.host, first.port)
        return _clusters.get(host) or _clusters.setdefault(host, next_link("redis", host, "0"))
    if pool not in _pools:
        known = pool.connection_kwargs
        name = known.get("path") or getattr(pool, "service_name", "")  # of a socket, of Sentinel's master
        host = str(name) or _address(known.get("host", "localhost"), known.get("port", 6379))
        _pools[pool] = next_link("redis", host, str(known.get("db") or 0))
    return _pools[pool]


def _address(host: Any, port: Any) -> str:
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


# Commands


def _words(text: str) -> list[str]:
    return text.split()


_KEYS: dict[str, tuple[int, int, int]] = {
    name: positions
    for positions, names in {
        (1, 1, 1): """
            APPEND BITCOUNT BITFIELD BITFIELD_RO BITPOS DECR DECRBY DUMP EXPIRE EXPIREAT EXPIRETIME GEOADD
            GEODIST GEOHASH GEOPOS GEORADIUS GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH
            GET GETBIT GETDEL GETEX GETRANGE GETSET HDEL HEXISTS HEXPIRE HEXPIREAT HEXPIRETIME HGET HGETALL
            HGETDEL HGETEX HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HPERSIST HPEXPIRE HPEXPIREAT
            HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSET HSETEX HSETNX HSTRLEN HTTL HVALS INCR INCRBY
            INCRBYFLOAT LINDEX LINSERT LLEN LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM MOVE PERSIST
            PEXPIRE PEXPIREAT PEXPIRETIME PFADD PSETEX PTTL PUBLISH RESTORE RPOP RPUSH RPUSHX SADD SCARD SET
            SETBIT SETEX SETNX SETRANGE SISMEMBER SMEMBERS SMISMEMBER SORT SORT_RO SPOP SPUBLISH SRANDMEMBER
            SREM SSCAN STRLEN SUBSTR TTL TYPE VADD VCARD VDIM VEMB VGETATTR VINFO VLINKS VRANDMEMBER VREM
            VSETATTR VSIM XACK XADD XAUTOCLAIM XCLAIM XDEL XLEN XPENDING XRANGE XREVRANGE XSETID XTRIM ZADD
            ZCARD ZCOUNT ZINCRBY ZLEXCOUNT ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX
            ZRANGEBYSCORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE
            ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE""",
        (1, 2, 1): """BLMOVE BRPOPLPUSH COPY GEOSEARCHSTORE LCS LMOVE RENAME RENAMENX RPOPLPUSH SMOVE
            ZRANGESTORE""",
        (1, -1, 1): """DEL EXISTS MGET PFCOUNT PFMERGE SDIFF SDIFFSTORE SINTER SINTERSTORE SUNION SUNIONSTORE
            TOUCH UNLINK WATCH""",
        (1, -2, 1): "BLPOP BRPOP BZPOPMAX BZPOPMIN",
        (1, -1, 2): "MSET MSETNX",
        (2, -1, 1): "BITOP",
    }.items()
    for name in _words(names)
}
"""Which arguments are keys: first, last (from the end if negative) and step, as COMMAND INFO has it."""

_COUNTED: dict[str, int] = {
    name: place
    for place, names in {
        1: "LMPOP SINTERCARD ZDIFF ZINTER ZINTERCARD ZMPOP ZUNION",
        2: """BLMPOP BZMPOP EVAL EVALSHA EVALSHA_RO EVAL_RO FCALL FCALL_RO ZDIFFSTORE ZINTERSTORE
            ZUNIONSTORE""",
    }.items()
    for name in _words(names)
}
"""Which argument says how many of those after it are keys."""

# Their second word belongs to the name.
_CONTAINERS = _words("""ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION HIMPORT LATENCY MEMORY MODULE OBJECT
    PUBSUB SCRIPT SLOWLOG XGROUP XINFO""")
_OF_KEYS = ("OBJECT ", "XGROUP ", "XINFO ", "MEMORY USAGE")
_MODULES = _words("BF CF CMS FT JSON TDIGEST TOPK TS")
_WAITING = _words("BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF")
_TRANSACTION = _words("DISCARD EXEC MULTI UNWATCH WATCH")
_NAME = re.compile(r"[A-Z][A-Z_.]{0,30}")
_SEPARATORS = re.compile(r"([:/|{}])")
_SHA = re.compile(r"[0-9a-fA-F]{40}")


def describe_command(arguments: Sequence[Any]) -> Statement:
    """The template and kind of a command.

    >>> describe_command(("SET", "user:17:name", "Ann")).template
    'SET user:{id}:name ?'
    >>> describe_command(("XREAD", "BLOCK", 500, "STREAMS", "jobs", "$")).kind
    'wait'
    """
    name, rest = _split(arguments)
    keys, label = _keys(name, rest), _label(name, rest)
    masked = tuple(dict.fromkeys(map(mask_key, keys[:MAX_DESCRIBED])))
    others = len(rest) > len(keys) + (label != "")
    return _statement(name, label, masked, _kind(name, rest), others, len(keys) > 1)


@lru_cache(maxsize=1024)
def _statement(
    name: str, label: str, keys: tuple[str, ...], kind: str, others: bool, several: bool
) -> Statement:
    words = [word for word in (name, label, *keys, "?" if others else "") if word]
    return Statement(" ".join(words), name, kind=kind, lists=several)


def mask_key(key: Any) -> str:
    """A key with all parts masked that are no plain names.

    >>> mask_key(b"user:17:name"), mask_key("{cart:5f0c9d2e-0b1a-4c8e-9f57-3a1b2c4d5e6f}.items")
    ('user:{id}:name', '{cart:{uuid}}.items')
    """
    text = _text(key)
    parts = _SEPARATORS.split(text[:MAX_KEY])
    if len(text) > MAX_KEY:
        parts[-1] = "..."
    return "".join(part if n % 2 or part == "..." else _mask(part) for n, part in enumerate(parts)) or "?"


def _mask(part: str) -> str:
    return "{id}" if part.isdecimal() else _mask_odd(part) if part else ""


@lru_cache(maxsize=4096)
def _mask_odd(part: str) -> str:
    if "." in part and "@" not in part and not is_name(part):
        return ".".join(map(_mask, part.split(".")))
    return describe_url("/" + quote(part, safe="")).template[1:]


def _text(value: Any) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def _split(arguments: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """A command's name, of two words for some, and its arguments."""
    first, *more = _text(arguments[0]).split() or [""]
    name, rest = first.upper(), (*more, *arguments[1:]) if more else arguments[1:]
    if name in _CONTAINERS and rest and _NAME.fullmatch(_text(rest[0]).upper()):
        return f"{name} {_text(rest[0]).upper()}", rest[1:]
    return name if _NAME.fullmatch(name) else "?", rest


def _keys(name: str, rest: Sequence[Any]) -> Sequence[Any]:
    if name in _KEYS:
        first, last, step = _KEYS[name]
        return rest[first - 1 : last if last > 0 else len(rest) + last + 1 : step]
    if name in _COUNTED:
        at = _COUNTED[name]
        many = _text(rest[at - 1]) if len(rest) >= at else ""
        keys = rest[at : at + int(many)] if many.isdecimal() else ()
        return (rest[0], *keys) if name.endswith("STORE") else keys
    if name in ("XREAD", "XREADGROUP"):
        words = [_text(word).upper() for word in rest]
        streams = rest[words.index("STREAMS") + 1 :] if "STREAMS" in words else ()
        return streams[: len(streams) // 2]
    of_keys = name.startswith(_OF_KEYS) or name.partition(".")[0] in _MODULES
    return rest[:1] if of_keys else ()


def _label(name: str, rest: Sequence[Any]) -> str:
    """Which script or function is run."""
    if not name.startswith(("EVAL", "FCALL")) or not rest:
        return ""
    text = _text(rest[0])
    if name.startswith("FCALL"):
        return text if is_name(text) else "?"
    if not name.startswith("EVALSHA"):
        text = sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    return f"{{{text[:8].lower()}}}" if _SHA.fullmatch(text) else "?"


def _kind(name: str, rest: Iterable[Any]) -> str:
    if name in _TRANSACTION:
        return "transaction"
    blocks = name.startswith("XREAD") and any(word in (b"BLOCK", "BLOCK", "block") for word in rest)
    return "wait" if blocks or name in _WAITING else "query"
