"""Reads an archive page by page, without a session."""

import requests


def archive(base, size=16):
    offset, rows = 0, []
    while True:
        page = requests.get(f"{base}/orders?offset={offset}&limit={size}", timeout=5).json()  # expect: PK401
        rows += page["data"]
        offset += size
        if not page["has_more"]:
            return rows


def main(world):
    assert len(archive(world.url)) == 80
