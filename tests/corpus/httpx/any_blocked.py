"""Asks for each user whether he is blocked until one is, in a generator expression."""

import httpx


class Users:
    def __init__(self, client):
        self.client = client

    def is_blocked(self, number):
        response = self.client.get("/users", params={"id": number, "fields": "status"})
        return not response.json()["data"]


def may_proceed(users, numbers):
    return not any(users.is_blocked(number) for number in numbers)  # expect: PK102


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert not may_proceed(Users(client), [3, 9, 12, 15, 99, 4])
