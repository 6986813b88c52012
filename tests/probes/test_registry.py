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
