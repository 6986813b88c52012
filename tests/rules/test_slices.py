"""What the source shows of a result's use: line "# fetch" runs the query, "# via" calls its function."""

import textwrap

import pytest

from perfkit.model import Frame
from perfkit.rules.slices import uses
from perfkit.rules.sources import Sources

USED = {
    "a slice of what was just fetched": ("page = conn.execute(q).fetchall()[:20]  # fetch", [("page", 20)]),
    "a slice between two numbers": ("page = conn.execute(q).fetchall()[40:60]  # fetch", [("page", 20)]),
    "a slice of who knows how many": (
        "def f(conn, a, b):\n    return list(conn.execute(q))[a:b]  # fetch",
        [("page", 0)],
    ),
    "a slice of the variable it was put into": (
        """
        def f(conn, offset):
            rows = conn.execute(q).fetchall()  # fetch
            return rows[offset:offset + 20]
        """,
        [("page", 0)],
    ),
    "one value of each row first": (
        """
        def f(conn, start):
            ids = [row[0] for row in conn.execute(q)]  # fetch
            return ids[start:start + 20]
        """,
        [("page", 0)],
    ),
    "a page and the number of all": (
        """
        def f(conn, a, b):
            rows = conn.execute(q).fetchall()  # fetch
            return {"total": len(rows), "rows": rows[a:b]}
        """,
        [("count", 0), ("page", 0)],
    ),
    "the variable gets its own slice": (
        """
        def f(conn):
            rows = conn.execute(q).fetchall()  # fetch
            rows = rows[:10]
            for row in rows:
                print(row)
        """,
        [("page", 10)],
    ),
    "a DB-API cursor": (
        """
        def f(cur):
            cur.execute(q)  # fetch
            rows = cur.fetchall()
            return rows[-20:]
        """,
        [("page", 20)],
    ),
    "fetchmany of a cursor that is closed then": (
        """
        def f(cur):
            cur.execute(q)  # fetch
            rows = cur.fetchmany(10)
            cur.close()
            return rows
        """,
        [("page", 10)],
    ),
    "fetchone": ("def f(cur):\n    cur.execute(q)  # fetch\n    return cur.fetchone()", [("first", 1)]),
    "the first row": ("row = conn.execute(q).fetchall()[0]  # fetch", [("first", 1)]),
    "the last row": ("row = conn.execute(q).fetchall()[-1]  # fetch", [("first", 1)]),
    "the first two": (
        "def f(conn):\n    rows = conn.execute(q).fetchall()  # fetch\n    return rows[0], rows[1]",
        [("first", 1), ("first", 2)],
    ),
    "first() of SQLAlchemy": ("user = session.scalars(select(User)).first()  # fetch", [("first", 1)]),
    "scalar() of a session": ("name = session.scalar(select(User.name))  # fetch", [("first", 1)]),
    "a result kept in between": (
        """
        def f(session):
            result = session.execute(q)  # fetch
            return result.scalars().all()[:5]
        """,
        [("page", 5)],
    ),
    "awaited": ("async def f(conn):\n    return (await conn.fetch(q))[:20]  # fetch", [("page", 20)]),
    "awaited cursor of a with": (
        """
        async def f(db):
            async with db.execute(q) as cursor:  # fetch
                rows = await cursor.fetchall()
            return rows[:3]
        """,
        [("page", 3)],
    ),
    "islice": ("first = list(islice(conn.execute(q).fetchall(), 20))  # fetch", [("page", 20)]),
    "islice from a place on": (
        "some = list(islice(conn.execute(q).fetchall(), 20, 30))  # fetch",
        [("page", 10)],
    ),
    "next": ("row = next(iter(conn.execute(q).fetchall()))  # fetch", [("first", 1)]),
    "sorted by a column": (
        "top = sorted(conn.execute(q).fetchall(), key=lambda row: row.price)[:3]  # fetch",
        [("page", 3)],
    ),
    "sorted by several": (
        "top = sorted(conn.execute(q), key=lambda row: (-row['n'], row.id))[:3]  # fetch",
        [("page", 3)],
    ),
    "a cursor that is an attribute": (
        """
        def f(self):
            self.cursor.execute(q)  # fetch
            first = self.cursor.fetchall()[0]
            self.cursor.execute(r)
            return first, self.cursor.fetchall()
        """,
        [("first", 1)],
    ),
    "only counted": ("def f(conn):\n    return len(conn.execute(q).fetchall())  # fetch", [("count", 0)]),
    "only asked for": (
        """
        def f(conn):
            if not conn.execute(q).fetchall():  # fetch
                raise LookupError
        """,
        [("test", 0)],
    ),
    "those with one value": (
        """
        def f(conn, state):
            rows = conn.execute(q).fetchall()  # fetch
            return [row[0] for row in rows if row["state"] == state]
        """,
        [("filter", 0)],
    ),
    "a set of those with one value": (
        "def f(conn):\n    return {r.id for r in conn.execute(q).scalars() if 5 == r.size}  # fetch",
        [("filter", 0)],
    ),
    "one found among all": (
        """
        def f(conn, key):
            return next((row for row in conn.execute(q).fetchall() if row.id == key), None)  # fetch
        """,
        [("filter", 0)],
    ),
    "or none": ("rows = (conn.execute(q).fetchall() or [])[:5]  # fetch", [("page", 5)]),
    "a lazy query that is counted": ("def f(users):\n    return len(users)  # fetch", [("count", 0)]),
    "a lazy query that is asked for, and its first": (
        """
        def f():
            users = User.objects.filter(active=True)
            if users:  # fetch
                return users[0]
        """,
        [("first", 1), ("test", 0)],
    ),
    "a lazy query made a list": (
        """
        def f(users, page):
            found = list(users)  # fetch
            return found[page * 20:(page + 1) * 20]
        """,
        [("page", 0)],
    ),
    "in each round of a loop": (
        """
        def f(conn, shops):
            for shop in shops:
                rows = conn.execute(q, (shop,)).fetchall()  # fetch
                print(rows[:3])
        """,
        [("page", 3)],
    ),
    "a call over several lines": (
        """
        def f(session):
            users = (
                session.scalars(  # fetch
                    select(User).order_by(User.id)
                )
                .all()
            )
            return users[:7]
        """,
        [("page", 7)],
    ),
    "through a function that returns it": (
        """
        class Repo:
            def everything(self):
                return self.conn.execute(q).fetchall()  # fetch Repo.everything
        def view(repo, a, b):
            rows = repo.everything()  # via view
            return rows[a:b]
        """,
        [("page", 0)],
    ),
    "through two functions, awaited": (
        """
        async def low(conn):
            rows = await conn.fetch(q)  # fetch low
            return rows
        async def middle(conn):
            return await low(conn)  # via middle
        async def high(conn):
            return len(await middle(conn))  # via high
        """,
        [("count", 0)],
    ),
    "annotated, and named in a test": (
        """
        def f(conn):
            if (rows := conn.execute(q).fetchall()):  # fetch
                return rows[:2]
        """,
        [("page", 2), ("test", 0)],
    ),
}

ALL_USED = {
    "a loop": "for row in conn.execute(q):  # fetch\n    print(row)",
    "a loop with a break": "for row in conn.execute(q):  # fetch\n    break",
    "returned to nobody who shows": "def f(conn):\n    return conn.execute(q).fetchall()  # fetch",
    "handed on": "show(conn.execute(q).fetchall())  # fetch",
    "handed on, and a slice": (
        "def f(conn):\n    rows = conn.execute(q).fetchall()  # fetch\n    show(rows)\n    return rows[:5]"
    ),
    "kept": "self.rows = conn.execute(q).fetchall()  # fetch",
    "summed": "total = sum(row[0] for row in conn.execute(q))  # fetch",
    "filtered here, then sliced": "some = [r for r in conn.execute(q) if odd(r)][:5]  # fetch",
    "filtered by a computation": "some = [r for r in conn.execute(q) if odd(r.size)]  # fetch",
    "filtered by two of its fields": "some = [r for r in conn.execute(q) if r.a == r.b]  # fetch",
    "filtered by a range": "some = [r for r in conn.execute(q) if 1 < r.a < 9]  # fetch",
    "sorted out, part by part": (
        """
        def f(conn, states):
            rows = conn.execute(q).fetchall()  # fetch
            return {state: [r for r in rows if r.state == state] for state in states}
        """
    ),
    "sorted by a computation": "top = sorted(conn.execute(q).fetchall(), key=score)[:5]  # fetch",
    "a set": "ids = {row[0] for row in conn.execute(q)}  # fetch",
    "a dictionary": "by_id = {row[0]: row for row in conn.execute(q).fetchall()}  # fetch",
    "every second": "some = conn.execute(q).fetchall()[::2]  # fetch",
    "all but the first": "rest = conn.execute(q).fetchall()[1:]  # fetch",
    "all but the last": "rest = conn.execute(q).fetchall()[:-1]  # fetch",
    "from somewhere on": "def f(conn, a):\n    return conn.execute(q).fetchall()[a:]  # fetch",
    "head and tail": (
        "def f(conn):\n    rows = conn.execute(q).fetchall()  # fetch\n    return rows[0], rows[1:]"
    ),
    "one part after another": """
        def f(conn):
            rows = conn.execute(q).fetchall()  # fetch
            for start in range(0, len(rows), 100):
                send(rows[start:start + 100])
        """,
    "parts in a comprehension": """
        def f(conn):
            rows = conn.execute(q).fetchall()  # fetch
            return [rows[n:n + 10] for n in range(0, len(rows), 10)]
        """,
    "islice until it is empty": """
        def f(conn, n):
            rows = iter(conn.execute(q).fetchall())  # fetch
            while part := list(islice(rows, n)):
                send(part)
        """,
    "some at a time of an iterator": """
        def f(conn):
            rows = iter(conn.execute(q).fetchall())  # fetch
            while part := list(islice(rows, 100)):
                send(part)
        """,
    "one at a time of an iterator": """
        def f(conn):
            rows = iter(conn.execute(q).fetchall())  # fetch
            while True:
                send(next(rows))
        """,
    "any index": "def f(conn, n):\n    return conn.execute(q).fetchall()[n]  # fetch",
    "sliced only sometimes": """
        def f(conn, limit):
            rows = conn.execute(q).fetchall()  # fetch
            if limit:
                rows = rows[:limit]
            for row in rows:
                print(row)
        """,
    "the other branch's value": """
        def f(conn, wanted):
            if wanted:
                rows = conn.execute(q).fetchall()  # fetch
            else:
                rows = []
            for row in rows:
                print(row)
        """,
    "read in a function within": """
        def f(conn):
            rows = conn.execute(q).fetchall()  # fetch
            def later():
                return rows
            print(rows[:5])
            return later
        """,
    "a global that a function reads": """
        rows = conn.execute(q).fetchall()  # fetch
        print(rows[:5])
        def later():
            return len(rows)
        """,
    "counted, then read": """
        def f(conn):
            rows = conn.execute(q).fetchall()  # fetch
            print(len(rows))
            for row in rows:
                print(row)
        """,
    "a lazy query that is counted, then read": """
        def f(users):
            print(len(users))  # fetch
            return [user.name for user in users]
        """,
    "a cursor that is read to its end": """
        def f(cur):
            cur.execute(q)  # fetch
            first = cur.fetchone()
            for row in cur:
                print(row)
        """,
    "fetchmany until it is empty": """
        def f(cur):
            cur.execute(q)  # fetch
            while rows := cur.fetchmany(100):
                send(rows)
        """,
    "fetchone until it is empty": """
        def f(cur):
            cur.execute(q)  # fetch
            row = cur.fetchone()
            while row:
                send(row)
                row = cur.fetchone()
        """,
    "an attribute that lasts": """
        def f(self):
            self.rows = self.conn.execute(q).fetchall()  # fetch
            return self.rows[:5]
        """,
    "another statement, perhaps": """
        def f(cur, more):
            cur.execute(q)  # fetch
            if more:
                cur.execute(r)
            return cur.fetchone()
        """,
    "compared": "same = conn.execute(q).fetchall() == before  # fetch",
    "the caller reads all": """
        def low(conn):
            rows = conn.execute(q).fetchall()  # fetch low
            if len(rows) > 5:
                print("many")
            return rows
        def high(conn):
            for row in low(conn):  # via high
                print(row)
        """,
    "the caller is not seen to call": """
        def low(conn):
            rows = conn.execute(q).fetchall()  # fetch low
            print(len(rows))
            return rows
        def high(jobs):
            run(jobs)  # via high
        """,
    "no use": "conn.execute(q)  # fetch",
    "two queries on one line": "a, b = conn.execute(q).fetchall()[:5], conn.execute(r).fetchall()  # fetch",
    "a generator": "def f(conn):\n    yield from conn.execute(q).fetchall()  # fetch",
    "a lambda": "f = lambda conn: conn.execute(q).fetchall()[:5]  # fetch <lambda>",
    "unpacked": "first, *rest = conn.execute(q).fetchall()  # fetch",
    "starred": "show(*conn.execute(q).fetchall()[:])  # fetch",
}


def read(tmp_path, source):
    """The path of the frames that are marked in ``source``, innermost first."""
    text = textwrap.dedent(source)
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    frames, within = [], "<module>"
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("def ", "async def ")):
            within = line.partition("def ")[2].partition("(")[0]
        elif line and not line.startswith(" "):
            within = "<module>"
        for mark in ("# fetch", "# via"):
            if mark in line:
                frames += [Frame("app.py", number, line.partition(mark)[2].strip() or within)]
    return uses(tuple(frames), Sources(str(tmp_path)))


@pytest.mark.parametrize(("source", "expected"), USED.values(), ids=USED)
def test_what_is_made_of_a_result(tmp_path, source, expected):
    found = read(tmp_path, source)
    assert sorted((use.kind, use.rows) for use in found) == expected
    assert all(use.file == "app.py" for use in found)


@pytest.mark.parametrize("source", ALL_USED.values(), ids=ALL_USED)
def test_where_all_may_be_used_nothing_is_said(tmp_path, source):
    assert read(tmp_path, source) == []


def test_a_file_that_is_not_there_says_nothing(tmp_path):
    assert uses((Frame("app.py", 1, "f"),), Sources(str(tmp_path))) == []


def test_the_line_of_the_use_is_told(tmp_path):
    source = "def f(conn):\n    rows = conn.execute(q).fetchall()  # fetch\n\n    return rows[:5]"
    assert [use.line for use in read(tmp_path, source)] == [4]


def test_a_value_that_goes_through_too_many_hands_is_let_go(tmp_path):
    steps = "\n".join(f"    a{n + 1} = a{n}" for n in range(60))
    source = f"def f(conn):\n    a0 = conn.execute(q).fetchall()  # fetch\n{steps}\n    return a60[:5]"
    assert read(tmp_path, source) == []
