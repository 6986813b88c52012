"""Stands for a package that pip installed: its files lie below a folder named site-packages."""

import importlib

shopkit = importlib.import_module("tests.corpus.aiohttp._venv.site-packages.shopkit")
