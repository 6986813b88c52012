"""Traces as instrumented services send them through a collector, labelled with what a reviewer would demand.

``cases`` tell what happened in a service; ``instrumentations`` know which spans each library makes of it;
``building`` keeps the time and writes the file; ``judging`` compares what was found with the labels.

    python -m tests.corpus.traces.judging.run [CASE ...]   # what is not as labelled, and the table
"""
