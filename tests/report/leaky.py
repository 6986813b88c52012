"""A program with a secret in every place that a recording comes near; run by test_secrets.

Every secret begins with "Zx" and a number, and nothing else here does.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading

import requests
import sqlalchemy as sa
from aiohttp import ClientSession, encode_basic_auth, web
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

import perfkit


def ignoring(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except Exception as error:
        return error
    raise AssertionError("this was to fail")


def in_sqlite():
    db = sqlite3.connect("shop.db")
    db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE, password TEXT)")
    db.executemany("INSERT INTO users (name, password) VALUES (?, ?)", [(f"Zx1{n}", "Zx1") for n in range(9)])
    for _ in range(6):
        db.execute("SELECT * FROM users WHERE password = :word", {"word": "Zx7"}).fetchall()
    for number in range(6):
        db.execute("SELECT name FROM users WHERE id = ?", (number,)).fetchall()
        db.execute(f"SELECT id FROM users WHERE name = 'Zx2{number}' -- Zx3 a remark").fetchall()
        db.execute("UPDATE users SET password = ? WHERE id = ?", (f"Zx4{number}", number))
        db.commit()
    for number in range(6):
        db.execute(f"SELECT id FROM users WHERE password = /* Zx5 */ 'Zx6{number}'").fetchall()
    ignoring(db.execute, "SELECT 'Zx8' FROMM users WHERE")
    ignoring(db.execute, "INSERT INTO users (name) VALUES ('Zx10')")
    db.close()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id = mapped_column(sa.Integer, primary_key=True)
    token = mapped_column(sa.String, unique=True)


def in_sqlalchemy():
    engine = sa.create_engine("sqlite:///accounts.db")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number in range(5):
            session.add(Account(token=f"Zx9{number}"))
            session.commit()
        for number in range(5):
            session.scalars(sa.select(Account).where(Account.token == f"Zx9{number}")).all()
            session.execute(sa.text("SELECT id FROM accounts WHERE token = :t"), {"t": f"Zx10{number}"}).all()
        session.add(Account(token="Zx91"))
        ignoring(session.commit)
    engine.dispose()
    elsewhere = "postgresql+psycopg://admin:Zx11@127.0.0.1:1/shop?application_name=Zx12"
    ignoring(sa.create_engine(elsewhere).connect)


async def answer(request):
    await request.read()
    return web.json_response({"secret": "Zx13"}, headers={"Set-Cookie": "sid=Zx14"})


async def serve(started, port):
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port.append(runner.addresses[0][1])
    started.set()
    await asyncio.sleep(60)


def server():
    """The port of a service in a thread, whose own operations are recorded, too."""
    started, port = threading.Event(), []
    threading.Thread(target=lambda: asyncio.run(serve(started, port)), daemon=True).start()
    started.wait()
    return port[0]


async def with_aiohttp(port):
    url = f"http://127.0.0.1:{port}"
    bearer = {"Authorization": "Bearer Zx15"}
    async with ClientSession(headers={"X-Api-Key": "Zx16"}, cookies={"sid": "Zx17"}) as session:
        for number in range(5):
            hook = f"{url}/rest/1/zx18{number}hook/crm.lead.list"
            await session.post(hook, json={"filter": {"PHONE": f"Zx19{number}"}}, headers=bearer)
        for number in range(5):
            await session.get(f"{url}/users/{number}", params={"api_key": f"Zx20{number}"})
        basic = {"Authorization": encode_basic_auth("user", "Zx21")}
        await session.post(f"{url}/login", headers=basic, data=b"password=Zx22")
        await session.get(f"http://admin:Zx23@127.0.0.1:{port}/admin?next=Zx24#Zx25")
        with contextlib.suppress(OSError):
            await session.get("http://127.0.0.1:1/?token=Zx26")


def with_requests(port):
    url = f"http://127.0.0.1:{port}"
    with requests.Session() as session:
        session.trust_env = False
        for number in range(5):
            session.post(f"{url}/graphql", json={"query": '{ user(token: "Zx27") { id } }'})
            session.get(f"{url}/v1/keys/Zx28{number}9f8e7d6c5b4a39281706f5e4d3c2b1a0", auth=("u", "Zx29"))
        session.post(f"{url}/form", data={"password": "Zx30"}, files={"f": ("Zx31", b"Zx32")})
        ignoring(session.get, "http://u:Zx33@127.0.0.1:1/x?y=Zx34")


def main():
    os.environ["SERVICE_TOKEN"] = "Zx35"
    port = server()
    in_sqlite()
    in_sqlalchemy()
    asyncio.run(with_aiohttp(port))
    with_requests(port)
    try:
        with perfkit.span("import"):
            raise ValueError("cannot log in with Zx36")
    except ValueError:
        pass


if __name__ == "__main__":
    main()
