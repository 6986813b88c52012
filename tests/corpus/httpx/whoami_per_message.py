"""Sends messages; before each of them it asks again who it is."""

import httpx


class Messenger:
    def __init__(self, client):
        self.client = client

    def sender(self):
        return self.client.get("/whoami").json()["name"]

    def prepare(self, text):
        return {"from": self.sender(), "text": text}


def outbox(messenger, texts):
    messages = []
    for text in texts:
        message = messenger.prepare(text)  # expect: PK104
        message["length"] = len(text)
        messages.append(message)
    return messages


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        texts = [f"Your parcel {n} is on its way" for n in range(6)]
        sent = client.post("/sms", json=outbox(Messenger(client), texts)).json()
    assert sent["accepted"] == 6
