"""``perfkit serve bitrix24``: the mock portal as a real server."""

from __future__ import annotations

import contextlib
import ipaddress
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit.cli.bench import check_output
from perfkit.cli.portal_settings import SETTABLE, PortalSetting
from perfkit.cli.serving import counted, stop_by_signals
from perfkit.cli.show import Duration, notes
from perfkit.errors import PerfkitError, RunFileError, UsageError

if TYPE_CHECKING:
    from ssl import SSLContext

    from perfkit.worlds.bitrix24 import Portal, PortalConfig
    from perfkit.worlds.bitrix24.desk import Desk
    from perfkit.worlds.bitrix24.replay import Recorder

    FaultType = click.ParamType[Any]
else:
    FaultType = click.ParamType

TARIFFS = ("standard", "enterprise", "own")

FREE = dict.fromkeys(("base_ns", "command_ns", "row_ns", "count_row_ns", "refused_ns"), 0)
"""Costs of a portal that answers as fast as it can."""

JOURNAL_ROWS = 200_000
"""Rows of the journal that are kept: a day of a busy portal, in some hundred megabytes."""

_EPILOG = """\
Faults: 503, 429, 500, overload, html (the page of a web server), reset, cut (in the middle of the answer),
drop (never answered), slow (with factor=3 or time=2s). Of those that match a request the first decides:

\b
--fault 503:crm.lead.list,p=0.1        a tenth of these calls
--fault slow:crm.*,factor=3,count=20   the first twenty
--fault drop,after=100,until=10min     from request 101 on, for ten minutes
--fault 429,command=crm.deal.update    commands of batches

The admin API lies below /_perfkit/ (stats, journal, faults, reset, clock): see docs/bitrix24.md.
"""


class PortalFault(FaultType):
    """``503:crm.lead.*,p=0.1,count=5``: what goes wrong, and when."""

    name = "EFFECT[:METHOD][,...]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The Fault."""
        from perfkit.worlds.bitrix24.fault_text import parse_fault

        try:
            return parse_fault(value) if isinstance(value, str) else value
        except PerfkitError as error:
            return self.fail(f"{value!r}: {error}", param, ctx)


@dataclass(frozen=True)
class Settings:
    """How the portal is served, beside what it is."""

    host: str
    port: int
    front: Any
    https: bool
    admin: bool
    journal: Path | None
    record: Path | None
    replay: Path | None


@click.command("bitrix24", epilog=_EPILOG)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8024, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--leads",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Leads the report counts; half as many again do not match.",
)
@click.option("--rtt", type=Duration(), default="0ms", show_default=True, help="Round trip to add.")
@click.option(
    "--tariff",
    type=click.Choice(TARIFFS),
    default="own",
    show_default=True,
    help="Limits as documented; an own server has none.",
)
@click.option("--workers", type=click.IntRange(1), help="Requests served at once.  [default: 32]")
@click.option(
    "--operating",
    type=click.Choice(["off", "nested", "batch"]),
    help="Whom the operating time of a batch is billed to: nobody, its commands, or the batch.",
)
@click.option(
    "--costs",
    type=click.Choice(["assumed", "documented", "none"]),
    default="assumed",
    show_default=True,
    help="How long methods take: small figures, the documentation's samples, or as long as they do.",
)
@click.option("--fault", "faults", type=PortalFault(), multiple=True, help="See below; may be repeated.")
@click.option(
    "--set",
    "others",
    type=PortalSetting(),
    multiple=True,
    help=f"Another setting of the portal, such as past_end=empty: {', '.join(SETTABLE)}. May be repeated.",
)
@click.option(
    "--strict",
    type=click.Choice(["tell", "error"]),
    is_flag=False,
    flag_value="tell",
    help="Tell of dropped filter keys and the like in a header, or refuse such calls.",
)
@click.option("--https", is_flag=True, help="With a certificate whose authority is told on stderr.")
@click.option(
    "--front",
    type=click.Choice(["aiohttp", "light"]),
    default="light",
    show_default=True,
    help="The server: perfkit's own, or aiohttp.web.",
)
@click.option("--admin/--no-admin", default=None, help="The admin API.  [default: only on loopback]")
@click.option("--journal", type=click.Path(path_type=Path), help="Write a run for 'perfkit analyze' here.")
@click.option("--record", type=click.Path(path_type=Path), help="Write requests and answers here.")
@click.option(
    "--replay", type=click.Path(path_type=Path), help="Answer what --record wrote, and nothing else."
)
@click.option("--force", is_flag=True, help="Replace the files of --journal and --record.")
@click.option("--seed", type=int, default=1, show_default=True)
def bitrix24(
    leads: int,
    rtt: int,
    tariff: str,
    seed: int,
    workers: int | None,
    operating: str | None,
    strict: str | None,
    force: bool,
    admin: bool | None,
    costs: str,
    faults: tuple[Any, ...],
    others: tuple[tuple[str, Any], ...],
    **settings: Any,
) -> int:
    """Serve the mock Bitrix24 portal; its webhook URL is printed on stdout."""
    from perfkit.worlds.bitrix24.config import TARIFFS as LIMITS
    from perfkit.worlds.bitrix24.config import PortalConfig

    admin = _is_loopback(settings["host"]) if admin is None else admin
    how = Settings(admin=admin, **settings)
    _check_files(how, force)
    options = {**LIMITS[tariff], "strict": strict or "off", "faults": faults}
    options |= FREE if costs == "none" else {"costs": costs}
    options |= {"workers": workers} if workers else {}
    options |= {"operating": operating} if operating else {}
    options |= dict(others)
    config = PortalConfig(
        leads=leads,
        seed=seed,
        rtt_ns=rtt,
        journal=JOURNAL_ROWS,
        journal_params=how.journal is not None,
        **options,
    )
    _serve(config, how)
    return 0


def _check_files(how: Settings, force: bool) -> None:
    """Refuse files that cannot be written, or would be written over each other."""
    named = {"--journal": how.journal, "--record": how.record, "--replay": how.replay}
    seen: dict[Path, str] = {}
    for option, path in named.items():
        if path is None:
            continue
        other = seen.setdefault(path.resolve(), option)
        if other != option:
            raise UsageError(f"{other} and {option} name the same file, {path}: give each its own")
        if option != "--replay":
            check_output(path, force, option)


def _serve(config: PortalConfig, how: Settings) -> None:
    from perfkit.worlds import fine_timers

    portal = _portal(config, how.replay)
    with ExitStack() as files:
        tls = files.enter_context(_certificate(how.host)) if how.https else None
        desk = _desk(portal, how, files)
        with contextlib.suppress(KeyboardInterrupt):
            fine_timers.run(lambda: _until_stopped(desk, how, tls))
    notes().print(f"served: {counted(portal.stats())}", markup=False)
    if how.journal is not None:
        notes().print(f"journal: {_write_journal(portal, how.journal)}", markup=False)


async def _until_stopped(desk: Desk, how: Settings, tls: SSLContext | None) -> None:
    from perfkit.worlds.bitrix24.config import WEBHOOK_PATH
    from perfkit.worlds.bitrix24.server import serve

    stopped = stop_by_signals()
    async with serve(desk, how.host, how.port, front=how.front, tls=tls) as served:
        shown = f"[{how.host}]" if ":" in how.host else how.host
        click.echo(f"{'https' if tls else 'http'}://{shown}:{served.port}{WEBHOOK_PATH}")
        await stopped.wait()


def _portal(config: PortalConfig, replay: Path | None) -> Portal:
    from perfkit.worlds.bitrix24.portal import Portal
    from perfkit.worlds.bitrix24.replay import ReplayingPortal, read_recorded

    if replay is None:
        return Portal(config)
    try:
        lines = replay.read_bytes().splitlines()
    except OSError as error:
        raise RunFileError(f"cannot read {replay}: {error.strerror or error}") from error
    return ReplayingPortal(config, read_recorded(lines, str(replay)))


def _desk(portal: Portal, how: Settings, files: ExitStack) -> Desk:
    from perfkit.worlds.bitrix24.admin import Admin
    from perfkit.worlds.bitrix24.desk import Desk

    admin = Admin(portal) if how.admin else None
    return Desk(portal, secure=how.https, admin=admin, recorder=_recorder(how.record, files))


def _recorder(target: Path | None, files: ExitStack) -> Recorder | None:
    from perfkit.worlds.bitrix24.replay import Recorder

    if target is None:
        return None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Recorder(files.enter_context(target.open("wb")))
    except OSError as error:
        raise RunFileError(f"cannot write {target}: {error.strerror or error}") from error


@contextlib.contextmanager
def _certificate(host: str) -> Iterator[SSLContext]:
    """A server's context; the authority to trust lies in a file while it lasts, whose path is told."""
    from perfkit.worlds.service.certificates import make_context

    context, ca_pem = make_context(host)
    with tempfile.TemporaryDirectory(prefix="perfkit-") as folder:
        path = Path(folder) / "ca.pem"
        path.write_text(ca_pem)
        notes().print(f"ca: {path}", markup=False)
        yield context


def _write_journal(portal: Portal, target: Path) -> Path:
    from perfkit import __version__
    from perfkit.bench.environment import describe_machine
    from perfkit.model import Run, pack
    from perfkit.model.storage import write_run
    from perfkit.worlds.bitrix24.traces import trace_of

    trace = trace_of(portal.journal, portal.config)
    run = Run(
        kind="trace",
        clock="wall",
        seed=portal.config.seed,
        machine=describe_machine(Path.cwd()),
        perfkit=__version__,
        command=["perfkit", "serve", "bitrix24"],
        trace=pack(trace),
        warnings=trace.warnings,
    )
    return write_run(run, target)


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
