"""Figures are told at the end, whether or not the benchmarks' own output is shown."""


def pytest_terminal_summary(terminalreporter, config):
    session = getattr(config, "_benchmarksession", None)
    for benchmark in getattr(session, "benchmarks", ()):
        if benchmark.extra_info:
            terminalreporter.section(benchmark.name)
            for name, value in benchmark.extra_info.items():
                terminalreporter.write_line(
                    f"{name:<52}{value if value is not None else 'not installed':>14}"
                )
