"""Asking for query plans through psycopg: by its own generators, so that both its halves wait as they do.

Below cursors and connections: what the program sees of either does not change, and no probe watches.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

from perfkit.probes.plans import claim
from perfkit.probes.plans_postgres import Rows, conversation
from perfkit.probes.queries import Query

_IDLE, _IN_TRANSACTION = 0, 2  # of psycopg.pq.TransactionStatus
_ANSWERED = (1, 2)  # of psycopg.pq.ExecStatus: with and without rows

Steps = Generator[Any, Any, Any]


def explain(opened: Query | None, cursor: Any, *statement: Any, **options: Any) -> Steps:
    """Ask for the plan of a statement that was just answered, while the connection is still the cursor's.

    ``statement`` and ``options`` are what the cursor was given.
    """
    asking = None
    with suppress(Exception):
        asking = _asking(opened, cursor, *statement, **options)
    if asking is None:
        return
    talk, sent, encoding = asking
    try:
        command, has_params = next(talk)
        while True:
            try:
                pgconn = cursor._conn.pgconn
                rows = yield from _ask(pgconn, command, sent if has_params else None, encoding)
            except Exception as error:
                command, has_params = talk.throw(error)
            else:
                command, has_params = talk.send(rows)
    except StopIteration:
        pass


def _asking(
    opened: Query | None, cursor: Any, query: Any, params: Any = None, *rest: Any, **options: Any
) -> tuple[Any, Any, str] | None:
    """What to say to the server, with what parameters, in which encoding; None if nothing is to be asked."""
    connection = cursor._conn
    status = connection.pgconn.transaction_status
    if status not in (_IDLE, _IN_TRANSACTION) or connection._pipeline:
        return None
    sent, encoding = _sent(cursor, query, params), connection.info.encoding
    text = sent.query.decode(encoding)
    claimed = claim(opened, text)
    if claimed is None:
        return None
    return conversation(claimed, text, inside=status == _IN_TRANSACTION), sent, encoding


def _sent(cursor: Any, query: Any, params: Any) -> Any:
    """The statement and its parameters as they went to the server, without a server cursor's DECLARE."""
    if not hasattr(cursor, "_declare_gen"):
        return cursor._query
    from psycopg._queries import PostgresQuery
    from psycopg._transformer import Transformer

    converted = PostgresQuery(Transformer(cursor))
    converted.convert(query, params)
    return converted


def _ask(pgconn: Any, command: str, sent: Any, encoding: str) -> Generator[Any, Any, Rows]:
    """The rows of one command, in text; raises the server's error."""
    from psycopg import errors, generators

    text = command.encode(encoding)
    if sent is None or not sent.types:  # a client's cursor has put them into the text
        pgconn.send_query_params(text, None)
    else:
        pgconn.send_query_params(text, sent.params, param_types=sent.types, param_formats=sent.formats)
    result = (yield from generators.execute(pgconn))[-1]
    if result.status not in _ANSWERED:
        raise errors.error_from_result(result)
    columns = range(result.nfields)
    values = [[result.get_value(row, column) for column in columns] for row in range(result.ntuples)]
    return [tuple(None if value is None else value.decode(encoding) for value in row) for row in values]
