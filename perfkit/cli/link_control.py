"""A link's settings as text: options of ``perfkit serve``, and lines on its standard input while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from perfkit.cli.serving import counted
from perfkit.cli.show import Duration
from perfkit.errors import PerfkitError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from perfkit.sim import Link
    from perfkit.worlds.link import Fault, LinkProxy

    TextType = click.ParamType[str]
else:
    TextType = click.ParamType

HELP = """\
rtt 20ms             round trip, for open connections too
jitter 2ms | off     up to so much more each way
bandwidth 10MB/s | off
fault KIND[,...]     as --fault, for new connections; "fault off": none
refuse on | off      new connections
blackhole on | off   nothing passes; what piled up arrives afterwards
reset                all open connections
status               settings and counters
measure              the round trip that is delivered
quit"""
"""The lines that are understood."""

_RATES = (
    *(("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3), ("B/s", 1.0)),
    *(("Gbit/s", 1e9 / 8), ("Mbit/s", 1e6 / 8), ("kbit/s", 1e3 / 8)),
)


class Rate(TextType):
    """``10MB/s``, ``100Mbit/s``: bytes per second."""

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A number above 0."""
        if isinstance(value, float):
            return value
        for unit, factor in _RATES:
            number = _number(value.removesuffix(unit)) if value.endswith(unit) else 0
            if number > 0:
                return number * factor
        return self.fail(f"{value!r} is no rate; write 10MB/s, 500kB/s or 100Mbit/s", param, ctx)


class FaultText(TextType):
    """``reset,share=0.1,bytes=1000``: what goes wrong, and when."""

    name = "KIND[,share=S][,bytes=N][,connections=N][,close=T]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The Fault."""
        try:
            return _fault(value) if isinstance(value, str) else value
        except (ValueError, PerfkitError) as error:
            return self.fail(f"{value!r}: {error}", param, ctx)


def _fault(text: str) -> Fault:
    from perfkit.worlds.link import Fault

    kind, *settings = (part.strip() for part in text.split(","))
    given = dict(setting.partition("=")[::2] for setting in settings)
    readers: dict[str, tuple[str, Callable[[str], Any]]] = {
        "share": ("share", float),
        "p": ("share", float),  # as the faults of the mock portal have it
        "bytes": ("after_bytes", int),
        "connections": ("after_connections", int),
        "close": ("close_ns", lambda each: Duration().convert(each, None, None)),
    }
    options = {}
    for name, value in given.items():
        if name not in readers:
            raise UnknownNameError("setting of a fault", name, readers)
        option, read = readers[name]
        options[option] = read(value)
    return Fault(kind.replace("-", "_"), **options)  # type: ignore[arg-type]  # Fault looks at it


def make_link(rtt_ns: int, jitter_ns: int, bandwidth: float | None) -> Link:
    """The link that the options describe; jitter is uniform."""
    from perfkit.sim import Link
    from perfkit.sim.distributions import Uniform

    return Link(
        rtt_ns=rtt_ns,
        bandwidth_bytes_per_s=bandwidth,
        jitter=Uniform(0, jitter_ns) if jitter_ns else None,
    )


class LinkControl:
    """Changes a running link by lines of text."""

    def __init__(self, proxy: LinkProxy) -> None:
        self._proxy = proxy

    def obey(self, line: str) -> str:
        """Carry a line out, and say what has been done. UsageError for one that is not understood."""
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        action = getattr(self, f"_do_{word}", None)
        if action is None:
            known = [name.removeprefix("_do_") for name in dir(self) if name.startswith("_do_")]
            raise UnknownNameError("command", word, [*known, "measure", "quit"])
        try:
            answer: str = action(rest)
        except click.BadParameter as error:
            raise UsageError(error.message) from error
        return answer

    def _do_help(self, _: str) -> str:
        return HELP

    def _do_rtt(self, text: str) -> str:
        return self._change(rtt_ns=Duration().convert(text, None, None))

    def _do_jitter(self, text: str) -> str:
        jitter_ns = 0 if text == "off" else Duration().convert(text, None, None)
        return self._change(jitter=make_link(0, jitter_ns, None).jitter)

    def _do_bandwidth(self, text: str) -> str:
        rate = None if text == "off" else Rate().convert(text, None, None)
        return self._change(bandwidth_bytes_per_s=rate)

    def _change(self, **settings: Any) -> str:
        self._proxy.link = replace(self._proxy.link, **settings)
        return describe(self._proxy.link)

    def _do_fault(self, text: str) -> str:
        fault = None if text == "off" else FaultText().convert(text, None, None)
        self._proxy.faults = (*self._proxy.faults, fault) if fault else ()
        return f"faults: {', '.join(each.kind for each in self._proxy.faults) or 'none'}"

    def _do_refuse(self, text: str) -> str:
        self._proxy.refusing = _switch(text)
        return f"refuse {text}"

    def _do_blackhole(self, text: str) -> str:
        self._proxy.blackhole(_switch(text))
        return f"blackhole {text}"

    def _do_reset(self, _: str) -> str:
        return f"reset {self._proxy.reset_all()} connections"

    def _do_status(self, _: str) -> str:
        return f"{describe(self._proxy.link)}; {counted(self._proxy.counts())}"


def describe(link: Link) -> str:
    """A link's settings on one line."""
    words = [f"rtt {link.rtt_ns / 1e6:g} ms"]
    if link.jitter is not None:
        words.append(f"jitter up to {link.jitter.at_ns(1) / 1e6:g} ms")
    if link.bandwidth_bytes_per_s is not None:
        words.append(f"bandwidth {link.bandwidth_bytes_per_s / 1e6:g} MB/s")
    return ", ".join(words)


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise UsageError(f"write on or off, not {text!r}")
    return text == "on"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
