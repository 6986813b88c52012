"""Reads many balances through JSON-RPC. Right: the calls travel together, as a batch."""

import httpx


def batch(client, method, parameters):
    calls = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": [parameter]}
        for number, parameter in enumerate(parameters, 1)
    ]
    answers = client.post("/rpc", json=calls).raise_for_status().json()
    by_id = {answer["id"]: answer["result"] for answer in answers}
    return [by_id[call["id"]] for call in calls]


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert len(batch(client, "account.balance", [f"0x{n:040x}" for n in range(30)])) == 30
