"""Labels users with their company. Right: lru_cache asks for each company once, and there are only two."""

from functools import lru_cache

import requests

USERS = [{"name": f"u{n}", "company_id": 4 + n % 2} for n in range(20)]


def make_lookup(session, base):
    @lru_cache(maxsize=64)
    def company(number):
        return session.get(f"{base}/companies/{number}", timeout=5).json()["name"]

    return company


def main(world):
    with requests.Session() as session:
        company = make_lookup(session, world.url)
        labels = [f"{user['name']} ({company(user['company_id'])})" for user in USERS]
    assert labels[1] == "u1 (Company 5)"
