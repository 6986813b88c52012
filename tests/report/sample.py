"""A realistic run to test reports with: 3 worlds, 2 clients, 3 sizes, 8 strategies; always the same."""

from __future__ import annotations

from perfkit.model import (
    Cell,
    CellCost,
    Claim,
    Environment,
    Finding,
    Frame,
    Git,
    Imported,
    Machine,
    Prediction,
    Run,
    Sample,
    ScenarioResult,
    Series,
    Span,
    StrategyInfo,
    Trace,
    WorldInfo,
    busy_ns,
    pack,
    peak_overlap,
)

MS = 1_000_000
SIZES = [20, 200, 2000]
WORLDS = {
    "own": WorldInfo(
        "own", "own server", 200 * MS, {"round trip": "200 ms", "rate limit": "none", "workers": "8"}
    ),
    "cloud": WorldInfo(
        "cloud", "cloud portal", 200 * MS, {"round trip": "200 ms", "rate limit": "50 requests, then 2/s"}
    ),
    "far": WorldInfo("far", "far server", 800 * MS, {"round trip": "800 ms", "rate limit": "none"}),
}
# name, shape, calls at a size, calls at a time
SHAPES = (
    ("serial", "serial", lambda n: n, 1),
    ("chunks", "", lambda n: -(-n // 15), 1),
    ("batched", "batched", lambda n: -(-n // 50), 1),
    ("concurrent", "concurrent", lambda n: n, 5),
    ("batched_concurrent", "batched_concurrent", lambda n: -(-n // 50), 5),
    ("in_filter", "", lambda n: -(-n // 500), 1),
    ("as_published", "", lambda n: 2 * n, 5),
    ("unbounded", "", lambda n: n, 1000),
)
LINE = {"aiohttp": 61, "fast_bitrix24": 140}


def sample_run(*, groups=("aiohttp", "fast_bitrix24"), sizes=SIZES, repeats=1) -> Run:
    scenario = ScenarioResult(
        name="leads",
        title="Leads without an open activity",
        doc="A report counts, per manager, the leads that have no unfinished activity.",
        file="leads.py",
        unit="leads",
        sizes=list(sizes),
        worlds=list(WORLDS.values()),
        strategies=[info for group in groups for info in _strategies(group)],
    )
    costs = []
    for world in WORLDS.values():
        for info in scenario.strategies:
            for size in sizes:
                scenario.cells.append(_cell(world, info, size, repeats))
                costs.append(CellCost("leads", world.name, info.name, size, size * 310_000, size * 900_000))
    scenario.predictions = _predictions(scenario)
    scenario.claims = [
        Claim("5 to 20 times faster", "34 times faster on the own server, 38 times in the cloud", False),
        Claim("100 requests take 20 to 80 s one after another", "100 leads at 200 ms: 20.4 s", True),
        Claim("the server answers in 200 to 800 ms", "that is what the worlds were given", None),
    ]
    return Run(
        kind="bench",
        clock="virtual",
        seed=1,
        machine=Machine(
            created="2025-01-31T12:00:00+00:00",
            environment=Environment("3.12.7", "CPython", "Linux", "x86_64", 2, {"aiohttp": "3.11.0"}),
            git=Git("0123456789abcdef0123456789abcdef01234567", "main", dirty=True),
            real_ns=8_400 * MS,
            costs=costs,
        ),
        perfkit="0.1.0",
        command=["perfkit", "bench"],
        scenarios=[scenario],
    )


def failing_run() -> Run:
    run = sample_run(groups=("aiohttp",), sizes=[20, 200])
    for cell in run.scenarios[0].cells:
        if cell.strategy == "aiohttp_batched":
            cell.status, cell.error, cell.samples, cell.agrees = (
                "failed",
                "ValueError: no 'result' in the answer",
                [],
                None,
            )
        if (cell.strategy, cell.world) == ("aiohttp_concurrent", "cloud"):
            cell.agrees, cell.answer = False, "{27: 4}"
    return run


def empty_run(**changes) -> Run:
    fields = {"kind": "bench", "clock": "virtual", "seed": 1, "machine": _bare_machine(), **changes}
    return Run(**fields)


def trace_run() -> Run:
    trace = Trace(
        "wall", 0, 9_000 * MS, probes=["aiohttp"], warnings=["sqlite3 was imported before the recording"]
    )
    site = Frame("app/report.py", 41, "fetch")
    trace.spans.append(Span(1, None, "span", "load", 0, 8_800 * MS, site))
    for number in range(60):
        start = 100 * MS + number * 140 * MS
        status = 503 if number % 9 == 8 else 200
        trace.spans.append(
            Span(
                number + 2,
                1,
                "request",
                "GET api.test/items/{id}",
                start,
                start + 130 * MS,
                site,
                (site,),
                1,
                1,
                {"status": status},
            )
        )
    run = empty_run(kind="trace", clock="wall", perfkit="0.1.0", command=["perfkit", "run", "app/report.py"])
    run.trace = pack(trace)
    run.findings = [_finding(site, 60, 7_800 * MS, 7_000 * MS)]
    return run


def analysis_run(findings: int = 3) -> Run:
    """A file of traces: an N+1 in many of them, without lines; duplicates with one; a broken end."""
    run = empty_run(
        kind="analysis", clock="wall", perfkit="0.1.0", command=["perfkit", "analyze", "day.jsonl"]
    )
    run.imported = Imported(
        "day.jsonl", "otlp", 400, 52_000, ["1 line could not be read: line 52,001 ends in the middle"]
    )
    run.warnings = list(run.imported.left_out)
    query = "SELECT name FROM users WHERE id = ?"
    site = Frame("app/orders.py", 17, "totals")
    run.findings = [
        Finding(
            rule="PK101",
            name="n-plus-one-query",
            template=query,
            count=20_000,
            spent_ns=90_000 * MS,
            saving_ns=80_000 * MS,
            basis="400 queries instead of 20,000: 19,600 x 4 ms (the fastest of them); now 90 s",
            evidence=["20000 queries with 9000 different parameters"],
            fix="Ask once for all of them: SELECT id, name FROM users WHERE id IN (?, ...)",
            place="GET /orders > load",
            traces=400,
        ),
        *(
            Finding(
                rule="PK103",
                name="duplicate-query",
                template=f"SELECT rate FROM rates_{number} WHERE day = ?",
                count=9,
                spent_ns=45 * MS,
                site=site,
                path=(site, Frame("app/views.py", 9, "page")),
                basis="unknown: the calls overlap",
            )
            for number in range(findings - 1)
        ),
    ]
    return run


def hostile_run(text: str) -> Run:
    """The sample with ``text`` wherever something foreign is shown."""
    run = sample_run(groups=("aiohttp",), sizes=[20, 200])
    scenario = run.scenarios[0]
    scenario.title = scenario.doc = scenario.unit = scenario.file = text
    scenario.worlds = [WorldInfo("own", text, None, {text: text}), *scenario.worlds[1:]]
    scenario.strategies[2] = StrategyInfo("aiohttp_batched", "aiohttp", text, text, "batched", flaw=text)
    scenario.strategies.append(StrategyInfo(text, text, text, text, "serial", baseline=True, fixes=text))
    frame = Frame(text, 1, text)
    for cell in scenario.cells:
        cell.counters = {**cell.counters, f"status_{text}": 1, text: 2}
    for world in scenario.worlds:
        cell = Cell(world.name, text, 200, "ok", text, [Sample(1, 5)], {"request": 1}, agrees=False)
        cell.waiting_ns, cell.peak_in_flight, cell.answer = 1, 1, text
        cell.figures, cell.series = {text: 1.5}, [Series(text, text, 0, 10, [1.0, None])]
        cell.findings = [
            Finding(text, text, text, 3, 5, frame, (frame, frame), 9_000_000_000_000, text, [text], text)
        ]
        cell.trace = pack(
            Trace("virtual", 0, 9, [Span(1, None, "request", text, 0, 5, frame, attrs={"status": text})])
        )
        scenario.cells.append(cell)
    scenario.cells[0].status, scenario.cells[0].error = "failed", text
    scenario.claims.append(Claim(text, text, None))
    scenario.predictions.append(Prediction("own", 200, text, text, text, 5, 0, text))
    run.machine = Machine(text, Environment(text, text, text, text, 2, {text: text}), Git(text, text, False))
    run.warnings, run.command, run.perfkit = [text], [text], text
    run.trace = pack(
        Trace("virtual", 0, 9, [Span(1, None, text, text, 0, 5, frame)], probes=[text], warnings=[text])
    )
    nowhere = Finding(text, text, text, 3, 5, None, (), None, text, [text], text, place=text, traces=7)
    run.findings = [*scenario.cells[-1].findings, nowhere]
    run.imported = Imported(text, text, 1, 1, [text])
    return run


def _bare_machine() -> Machine:
    return Machine("2025-01-31T12:00:00+00:00", Environment("3.12.7", "CPython", "Linux", "x86_64", 2))


def _strategies(group: str) -> list[StrategyInfo]:
    found = []
    for name, shape, _, _ in SHAPES:
        flaw = {
            "as_published": "the portal drops the filter of the published code and returns all activities",
            "unbounded": "ignores the rate limit",
        }.get(name, "")
        fixes = "PK102" if name == "batched" else ""
        found.append(
            StrategyInfo(
                f"{group}_{name}", group, "", "", shape, baseline=name == "serial", fixes=fixes, flaw=flaw
            )
        )
    return found


def _cell(world: WorldInfo, info: StrategyInfo, size: int, repeats: int) -> Cell:
    name = info.name.removeprefix(f"{info.group}_")
    _, _, calls, at_a_time = next(shape for shape in SHAPES if shape[0] == name)
    cell = Cell(world.name, info.name, size)
    trace = _trace(world, calls(size), at_a_time, Frame("scenarios/leads.py", LINE[info.group], name))
    requests = trace.of_kind("request")
    refused = sum(span.attrs["status"] == 503 for span in requests)
    cell.counters = {
        "request": len(requests),
        "connect": min(at_a_time, len(requests)),
        "bytes_sent": 180 * len(requests),
        "bytes_received": 410 * len(requests) + 48 * size,
        **({"status_503": refused} if refused else {}),
    }
    cell.waiting_ns, cell.peak_in_flight = busy_ns(requests), peak_overlap(requests)
    cell.trace = pack(trace, limit=500)
    if name == "unbounded" and world.name == "cloud":
        cell.status, cell.error = "failed", "ClientResponseError: 503, message='Service Unavailable'"
        return cell
    cell.samples = [Sample(1 + i, trace.duration_ns + i * 7 * MS) for i in range(repeats)]
    cell.answer, cell.agrees = "{27: 4, 31: 9}", name != "as_published"
    if name in ("serial", "concurrent") and len(requests) > 2:
        site = Frame("scenarios/leads.py", LINE[info.group], name)
        saving = round(cell.waiting_ns * 0.97) if name == "serial" else None
        cell.findings = [_finding(site, len(requests), cell.waiting_ns, saving)]
    return cell


def _trace(world: WorldInfo, calls: int, at_a_time: int, site: Frame) -> Trace:
    """Calls of a round trip each, ``at_a_time`` at once; the cloud refuses all but the first 50 at once."""
    trace = Trace("virtual", 0, 0, probes=["aiohttp"])
    each = (world.rtt_ns or 0) + 6 * MS
    for number in range(calls):
        start = (number // at_a_time) * each
        if world.name == "cloud" and number > 50:
            start = max(start, (number - 50) * 500 * MS)
        refused = world.name == "cloud" and at_a_time > 60 and number > 50
        duration = (world.rtt_ns or 0) + (number % 7) * MS
        trace.spans.append(
            Span(
                number + 1,
                None,
                "request",
                "POST portal.test/rest/crm.activity.list",
                start,
                start + duration,
                site,
                (site, Frame("scenarios/leads.py", 20, "count")),
                1,
                1,
                {"status": 503 if refused else 200},
            )
        )
    trace.end_ns = max(span.end_ns for span in trace.spans)
    return trace


def _finding(site: Frame, count: int, spent_ns: int, saving_ns: int | None) -> Finding:
    return Finding(
        rule="PK102",
        name="n-plus-one-request",
        template='POST portal.test/rest/crm.activity.list {"filter":{"OWNER_TYPE_ID":"*","OWNER_ID":"*"}}',
        count=count,
        spent_ns=spent_ns,
        site=site,
        path=(site, Frame("scenarios/leads.py", 20, "count")),
        saving_ns=saving_ns,
        basis="4 round trips of 200 ms (known link) and the service time of every call, in batches of 50",
        evidence=[f"{count} calls with {count} different values of filter.OWNER_ID", "one after another"],
        fix="Send up to 50 of these calls (crm.activity.list) in one batch request; or ask once with a list.",
        span_ids=list(range(1, count + 1)),
    )


def _predictions(scenario: ScenarioResult) -> list[Prediction]:
    found = []
    for info in scenario.strategies:
        base = scenario.baseline(info.group)
        if not info.fixes or base is None:
            continue
        for world in scenario.worlds:
            for size in scenario.sizes:
                before, after = (
                    scenario.cell(world.name, base.name, size),
                    scenario.cell(world.name, info.name, size),
                )
                predicted = before.findings[0].saving_ns or 0
                saved = before.elapsed_ns - after.elapsed_ns
                found.append(
                    Prediction(
                        world.name,
                        size,
                        "PK102",
                        base.name,
                        info.name,
                        predicted,
                        saved,
                        before.findings[0].basis,
                    )
                )
    return found
