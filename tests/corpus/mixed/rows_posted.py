"""Sends rows of the database to a CRM, one request per row."""

import psycopg
import requests
from psycopg.rows import dict_row

NEW = "SELECT id, name, email FROM customers WHERE city = %s ORDER BY id LIMIT 8"


class Crm:
    def __init__(self, base):
        self.base = base
        self.http = requests.Session()

    def add_contact(self, row):
        fields = {"NAME": row["name"], "EMAIL": [{"VALUE": row["email"]}]}
        return self.call("crm.contact.add", fields=fields)["ID"]

    def call(self, method, **params):
        answer = self.http.post(f"{self.base}/rest/1/tok3n/{method}", json=params, timeout=5)
        return answer.json()["result"]


def synchronise(connection, crm):
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(NEW, ("Riga",))
        for row in cursor:
            yield row["id"], crm.add_contact(row)  # expect: PK102


def main(world):
    crm = Crm(world.url)
    with psycopg.connect(world.dsn) as connection, crm.http:
        assert len(list(synchronise(connection, crm))) == 8
