"""Delivers web hooks: one POST per event to the same address, by a visitor of a tree."""

import requests

TREE = {"name": "root", "children": [{"name": f"leaf-{n}", "children": []} for n in range(5)]}


class Visitor:
    def visit(self, node):
        self.enter(node)
        for child in node["children"]:
            self.visit(child)  # expect: PK102

    def enter(self, node):
        raise NotImplementedError


class Delivery(Visitor):
    def __init__(self, session, url):
        self.session, self.url = session, url
        self.delivered = 0

    def enter(self, node):
        response = self.session.post(self.url, json={"event": "seen", "node": node["name"]}, timeout=5)
        self.delivered += response.json()["accepted"]


def main(world):
    with requests.Session() as session:
        delivery = Delivery(session, f"{world.url}/webhooks")
        delivery.visit(TREE)
    assert delivery.delivered == 6
