"""A synchronous client asks for one customer after another."""

import httpx


class CustomerApi:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def customer(self, number: int) -> dict:
        response = self._client.get(f"/users/{number}")
        response.raise_for_status()
        return response.json()


def emails(api: CustomerApi, numbers: list[int]) -> list[str]:
    return [api.customer(number)["email"] for number in numbers]  # expect: PK102


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        found = emails(CustomerApi(client), [2, 4, 6, 8, 10, 12])
    assert found[0] == "user2@example.com"
