"""Starts a side, or the process that two sides are forked from: ``python site CONFIG``."""

import json
import sys

from perfkit_agent.zygote import main  # type: ignore[import-not-found]

main(json.loads(sys.argv.pop()))
