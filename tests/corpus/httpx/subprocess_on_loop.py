"""Asks git for a version inside a coroutine; the process is waited for on the loop."""

import subprocess
import sys

import httpx


def version():
    program = "import time; time.sleep(0.08); print('1.4.2')"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


async def announce(client):
    running = version()  # expect: PK202
    response = await client.post("/logs", json={"version": running})
    return response.status_code


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        assert await announce(client) == 201
