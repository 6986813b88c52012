"""Uploads a recording in numbered parts. Right: that is how the storage takes large files."""

import requests


class Upload:
    def __init__(self, session, base):
        self.session = session
        number = session.post(f"{base}/uploads", json={"name": "talk.wav"}, timeout=5).json()["id"]
        self.url = f"{base}/uploads/{number}"
        self.etags = []

    def add(self, part):
        number = len(self.etags) + 1
        response = self.session.put(f"{self.url}/parts/{number}", data=part, timeout=5)
        self.etags.append(response.headers["ETag"])

    def complete(self):
        return self.session.post(f"{self.url}/complete", json=self.etags, timeout=5).json()["size"]


def main(world):
    recording = bytes(90_000)
    with requests.Session() as session:
        upload = Upload(session, world.url)
        for start in range(0, len(recording), 20_000):
            upload.add(recording[start : start + 20_000])
        assert upload.complete() == 90_000
