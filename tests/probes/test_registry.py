import subprocess
import sys
import textwrap

import pytest

import perfkit
from perfkit.errors import UnknownNameError


def test_an_unknown_probe_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"no probe named 'aiohtp'\. Did you mean 'aiohttp'"):
        perfkit.instrument("aiohtp")


def test_a_library_imported_later_is_watched():
    script = textwrap.dedent(
        """
        import sys
        import perfkit
        with perfkit.record():
            assert "aiohttp" not in sys.modules
            import aiohttp
            assert aiohttp.ClientSession._request.__module__ == "aiohttp.client"
            assert aiohttp.ClientSession._request.__wrapped__
            assert type(aiohttp.__spec__.loader).__name__ == "SourceFileLoader"
        perfkit.uninstrument()
        assert not hasattr(aiohttp.ClientSession._request, "__wrapped__")
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_looking_for_a_library_is_not_importing_it():
    script = textwrap.dedent(
        """
        import importlib.util
        import perfkit
        with perfkit.record():
            assert importlib.util.find_spec("aiohttp").name == "aiohttp"
            assert importlib.util.find_spec("aiohttp").origin.endswith("__init__.py")
            import aiohttp
            assert aiohttp.ClientSession._request.__wrapped__
            assert type(aiohttp.__spec__.loader).__name__ == "SourceFileLoader"
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_another_finder_that_asks_all_others_is_no_endless_loop():
    script = textwrap.dedent(
        """
        import sys
        import perfkit

        class Asking:
            def find_spec(self, name, path, target=None):
                found = (f.find_spec(name, path, target) for f in sys.meta_path if f is not self)
                return next((spec for spec in found if spec is not None), None)

        with perfkit.record():
            sys.meta_path.insert(1, Asking())
            import aiohttp
            assert aiohttp.ClientSession._request.__wrapped__
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
