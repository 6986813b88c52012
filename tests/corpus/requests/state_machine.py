"""Drives a machine through a programme. Right: one machine, and each command waits for the last one."""

import requests


class Machine:
    def __init__(self, session, url):
        self.session = session
        self.url = url

    def set(self, state):
        answer = self.session.put(self.url, json={"status": state, "by": "operator"}, timeout=5)
        answer.raise_for_status()
        return answer.json()["status"]


def run(machine, programme):
    for state in programme:
        reached = machine.set(state)
        if reached != state:
            raise RuntimeError(f"stuck in {reached}")


def main(world):
    with requests.Session() as session:
        run(Machine(session, f"{world.url}/orders/3"), ["heat", "fill", "stir", "drain", "rest"])
