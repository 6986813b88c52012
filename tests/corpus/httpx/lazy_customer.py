"""Orders whose customer is a property that asks the service when it is read."""

import httpx


class Order:
    def __init__(self, client, data):
        self._client = client
        self.data = data

    @property
    def customer(self):
        return self._client.get(f"/users/{self.data['user_id']}").json()


def labels(orders):
    for order in orders:
        yield f"{order.data['id']}: {order.customer['email']}"  # expect: PK102


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        rows = client.get("/orders", params={"limit": 9}).json()["data"]
        text = "\n".join(labels(Order(client, row) for row in rows))
    assert text.count("@") == 9
