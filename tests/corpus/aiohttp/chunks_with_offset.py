"""Sends a large file to a resumable upload, chunk by chunk. Right: every chunk follows the one before."""

import io

import aiohttp


class Resumable:
    def __init__(self, session, size):
        self.session = session
        self.size = size
        self.sent = 0

    async def send(self, chunk):
        last = self.sent + len(chunk) - 1
        headers = {"Content-Range": f"bytes {self.sent}-{last}/{self.size}"}
        async with self.session.post("/import", data=chunk, headers=headers) as response:
            response.raise_for_status()
        self.sent += len(chunk)


async def main(world):
    picture = io.BytesIO(bytes(70_000))
    async with aiohttp.ClientSession(world.url) as session:
        upload = Resumable(session, 70_000)
        while chunk := picture.read(16_384):
            await upload.send(chunk)
    assert upload.sent == 70_000
