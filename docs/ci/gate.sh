#!/bin/sh
# The gate in any CI, or before a push: cp gate.sh .git/hooks/pre-push
#   BASE        the revision to time against, as origin/main; empty: counters only
#   BENCHMARKS  the command that is timed; default: pytest benchmarks/
counters=0
times=0

perfkit gate || counters=$?
if [ -n "${BASE:-}" ]; then
    # shellcheck disable=SC2086 # the command's words
    perfkit gate --base "$BASE" -- ${BENCHMARKS:-pytest benchmarks/} || times=$?
fi

[ "$counters" -eq 0 ] || exit "$counters"
exit "$times"
