"""Starts recording in a process that ``perfkit run`` started, then lets the environment's own one run."""

import importlib.machinery
import importlib.util
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))

try:
    from perfkit.launcher.child import start
except ImportError:
    pass  # another environment, without perfkit: the parent says that nothing was recorded
else:
    start()

_places = [place for place in sys.path if os.path.abspath(place) != _here]
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", _places)
if _spec is not None and _spec.loader is not None:
    _module = sys.modules["sitecustomize"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_module)
