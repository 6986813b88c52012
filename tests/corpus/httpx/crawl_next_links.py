"""Follows the Link header from page to page. Right: the server names the next page."""

import httpx


def crawl(client, path):
    url = path
    while url:
        response = client.get(url)
        yield from response.json()["data"]
        url = response.links.get("next", {}).get("url")


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert sum(1 for _ in crawl(client, "/items?per_page=15")) == 60
