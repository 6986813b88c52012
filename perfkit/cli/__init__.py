"""The command line: one small file per verb. Each parses, calls one function of a room below, and shows.

The only room that prints and that decides exit codes: 0 pass, 1 finding at the fail level or a strategy that
went wrong, 2 usage, 3 inconclusive, 70 internal error, 130 interrupted.
"""
