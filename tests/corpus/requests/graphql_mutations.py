"""Renames users through GraphQL, a mutation for each of them."""

import requests

RENAME = "mutation Rename($id: ID!, $name: String!) { user(id: $id) { id } }"


class Api:
    def __init__(self, session, base):
        self.session, self.url = session, f"{base}/graphql"

    def execute(self, document, **variables):
        answer = self.session.post(self.url, json={"query": document, "variables": variables}, timeout=5)
        return answer.json()["data"]


def main(world):
    names = {4: "Ada", 8: "Bob", 15: "Cy", 16: "Dee"}
    with requests.Session() as session:
        api = Api(session, world.url)
        api.execute("query Viewer { user { id } }")
        for number, name in names.items():
            api.execute(RENAME, id=number, name=name)  # expect: PK102
