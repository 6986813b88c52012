"""Starts recording in a process that ``perfkit run`` started, then lets the environment's own one run.

The folder of this file leaves ``sys.path``, so that the program does not see it. It stays in PYTHONPATH:
that is how Python processes which the program starts come to be recorded.
"""

import importlib.machinery
import importlib.util
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [place for place in sys.path if os.path.abspath(place) != _here]

try:
    from perfkit.launcher.child import start
except ImportError:
    pass  # another environment, without perfkit: the parent says that nothing was recorded
else:
    start()

_spec = importlib.machinery.PathFinder.find_spec("sitecustomize")
if _spec is not None and _spec.loader is not None:
    _module = sys.modules["sitecustomize"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_module)
