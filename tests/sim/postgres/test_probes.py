"""What a recording sees of a simulated PostgreSQL: the simulated host, virtual durations, the slow line."""

import asyncio

import asyncpg
import psycopg
import pytest

import perfkit
from tests.sim.postgres.support import MS, URL, simulate


def recorded(query):
    """The spans of the queries, and the findings, of a program that runs in a recording."""

    async def main(gate):
        with perfkit.record() as recording:
            await query()
        return recording

    recording = simulate(main)
    spans = [span for span in recording.trace.spans if span.kind == "query"]
    return spans, recording.findings()


async def by_asyncpg():
    connection = await asyncpg.connect(URL)
    for i in range(20):
        await connection.fetchval("SELECT * FROM unnest(ARRAY[1]) id WHERE id = $1", i)
    await connection.close()


async def by_psycopg():
    async with await psycopg.AsyncConnection.connect(
        URL, autocommit=True, prepare_threshold=None
    ) as connection:
        for i in range(20):
            await connection.execute("SELECT * FROM unnest(ARRAY[1]) id WHERE id = %s", (i,))


async def by_sync_psycopg():
    with psycopg.connect(URL, autocommit=True, prepare_threshold=None) as connection:
        for i in range(20):
            connection.execute("SELECT * FROM unnest(ARRAY[1]) id WHERE id = %s", (i,))


@pytest.mark.parametrize("query", [by_asyncpg, by_psycopg, by_sync_psycopg])
def test_queries_take_virtual_time_and_a_loop_of_them_is_found(query):
    spans, findings = recorded(query)
    assert len(spans) == 20
    assert all(span.end_ns - span.start_ns == 20 * MS for span in spans[1:])
    assert {span.attrs.get("server") or span.attrs.get("address") for span in spans} <= {"db.test:5432", None}
    found = {finding.rule: finding for finding in findings}
    assert found["PK101"].count == 20
    assert found["PK101"].site.function == query.__name__


async def scan_by_asyncpg():
    connection = await asyncpg.connect(URL)
    await connection.execute(
        "CREATE TEMP TABLE big AS SELECT i, i % 10 AS kind FROM generate_series(1, 2000) i"
    )
    await connection.execute("ANALYZE big")
    for kind in range(5):
        await connection.fetch("SELECT i FROM big WHERE kind = $1 AND i > 1990", kind)
    await connection.close()


async def scan_by_psycopg():
    async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
        await connection.execute(
            "CREATE TEMP TABLE big AS SELECT i, i % 10 AS kind FROM generate_series(1, 2000) i"
        )
        await connection.execute("ANALYZE big")
        for kind in range(5):
            await connection.execute("SELECT i FROM big WHERE kind = %s AND i > 1990", (kind,))


@pytest.mark.parametrize("query", [scan_by_asyncpg, scan_by_psycopg])
def test_plans_can_be_asked_for_in_a_simulation(query):
    async def main(gate):
        with perfkit.record(explain=True) as recording:
            await query()
        return recording

    recording = simulate(main)
    assert not [text for text in recording.trace.warnings if "plan" in text]
    assert "PK303" in {finding.rule for finding in recording.findings()}


def test_sync_psycopg_in_a_coroutine_blocks_the_loop():
    _, findings = recorded(by_sync_psycopg)
    assert "PK202" in {finding.rule for finding in findings}


def test_no_password_is_recorded():
    async def query():
        connection = await asyncpg.connect(URL.replace("postgres@", "postgres:very-s3cret@"))
        await connection.fetchval("SELECT 1")
        await connection.close()
        with psycopg.connect(URL.replace("postgres@", "postgres:very-s3cret@")) as other:
            other.execute("SELECT 1")
        await asyncio.sleep(0)

    spans, findings = recorded(query)
    assert spans
    assert "very-s3cret" not in repr(spans) + repr(findings)
