import importlib
import subprocess
import sys
import textwrap

import pytest

import perfkit
from perfkit.errors import UnknownNameError
from perfkit.probes import registry


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


def test_a_probe_that_imports_its_awaited_library_is_no_circle():
    script = textwrap.dedent(
        """
        import sys
        import perfkit
        with perfkit.record():
            assert "sqlite3" not in sys.modules
            perfkit.instrument("sqlite3")
            import sqlite3
            assert sqlite3.connect.__wrapped__
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_a_probe_that_cannot_be_installed_is_stated_and_costs_no_import():
    script = textwrap.dedent(
        """
        import perfkit
        from perfkit.probes import registry
        registry.BUILT_IN["colorsys"] = "no.such.probe"
        with perfkit.record() as rec:
            import colorsys
        (warning,) = rec.trace.warnings
        assert warning.startswith("the probe 'colorsys' cannot watch: ModuleNotFoundError"), warning
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_every_built_in_probe_says_what_it_watches():
    for name, module in registry.BUILT_IN.items():
        probe = importlib.import_module(module)
        assert registry.library_of(name).startswith(probe.LIBRARY)
        assert len(probe.TESTED) == 2
        assert callable(probe.install)
        assert callable(probe.remove)
