"""Reads a file in ranges into a hash. Right: each request is for other bytes of one file."""

import hashlib

import httpx

SIZE = 40_000


def digest(client, path):
    total = hashlib.sha256()
    first = 0
    while True:
        headers = {"range": f"bytes={first}-{first + SIZE - 1}"}
        with client.stream("GET", path, headers=headers) as response:
            received = 0
            for piece in response.iter_bytes():
                total.update(piece)
                received += len(piece)
        first += received
        if received < SIZE:
            return total.hexdigest()


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert len(digest(client, "/files/disk.img")) == 64
