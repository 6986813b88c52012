"""Downloads a large file piece by piece. Right: each range is another part of it."""

import aiohttp

PIECE = 65_536


async def download(session, name, write):
    position, size = 0, None
    while size is None or position < size:
        headers = {"Range": f"bytes={position}-{position + PIECE - 1}"}
        async with session.get(f"/files/{name}", headers=headers) as response:
            size = int(response.headers["Content-Range"].rpartition("/")[2])
            piece = await response.read()
        write(piece)
        position += len(piece)
    return size


async def main(world):
    pieces = []
    async with aiohttp.ClientSession(world.url) as session:
        size = await download(session, "backup.bin", pieces.append)
    assert sum(map(len, pieces)) == size
