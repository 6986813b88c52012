"""Asks for the weather of each city with requests.get: a connection per city, too."""

import requests


class Weather:
    def __init__(self, base):
        self.base = base

    def now(self, city):
        answer = requests.get(f"{self.base}/weather", params={"city": city}, timeout=5)  # expect: PK401
        return answer.json()["value"]


def table(weather, cities):
    return {city: weather.now(city) for city in cities}  # expect: PK102


def main(world):
    degrees = table(Weather(world.url), ["Riga", "Porto", "Graz", "Turku", "Cork"])
    assert len(degrees) == 5
