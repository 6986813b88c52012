"""From an e-mail address to a user, a company, an address. Right: each call needs the answer before it."""

import requests


def get(session, base, path, **params):
    response = session.get(base + path, params=params, timeout=5)
    response.raise_for_status()
    return response.json()


def city(session, base, email):
    (user,) = get(session, base, "/users", email=email)["data"]
    company = get(session, base, f"/companies/{user['company_id']}")
    return get(session, base, f"/addresses/{company['address_id']}")["city"]


def main(world):
    with requests.Session() as session:
        assert city(session, world.url, "user9@example.com") in {"Riga", "Graz"}
