"""Checks the links of an article: a HEAD for each article it names."""

import re

import httpx

ARTICLE = " ".join(f'<a href="/items/{n}">see also</a>' for n in (3, 9, 27, 41, 60, 77))


def links(html):
    return re.findall(r'href="([^"]+)"', html)


def broken(client, html):
    for link in links(html):
        if client.head(link).status_code == 404:  # expect: PK102
            yield link


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls, follow_redirects=True) as client:
        assert list(broken(client, ARTICLE)) == ["/items/77"]
