"""Targets: the limits that a project writes into [tool.perfkit.targets], and whether a run keeps them.

``profile`` reads them, ``checking`` sets them beside what a scenario measured, ``timed`` beside the times of
two revisions, ``alone`` measures what they are about and nothing else.
"""
