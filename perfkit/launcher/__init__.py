"""Recording another process from its first line to its last: what ``perfkit run`` is made of.

The child is an ordinary Python process, so its arguments, stdin, exit code and signals are its own. A folder
with a ``sitecustomize`` module at the head of PYTHONPATH starts the recording in it, and in Python processes
that it starts; each writes a part, and the parts make one trace.
"""
