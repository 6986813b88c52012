"""Looks now and then whether a document has changed. Right: it sends the ETag and gets 304 back."""

import time

import requests


class Document:
    def __init__(self, session, url):
        self.session, self.url = session, url
        self.etag = self.content = None

    def changed(self):
        headers = {"If-None-Match": self.etag} if self.etag else None
        response = self.session.get(self.url, headers=headers, timeout=5)
        if response.status_code == requests.codes.not_modified:
            return False
        self.etag, self.content = response.headers["ETag"], response.content
        return True


def main(world):
    with requests.Session() as session:
        document = Document(session, f"{world.url}/items/12")
        assert document.changed()
        for _ in range(3):
            time.sleep(0.005)
            assert not document.changed()
