"""Tuning: the parameters of a scenario's strategies searched in virtual time, and what to change in a run.

``tuner.tune(scenario, TunePlan())`` gives a Run with ``tunings``; ``suggest`` says what to change in a run.
``axes`` knows values, ``runs`` measures settings, ``search`` decides which, ``checks`` tries the choice
elsewhere, ``knee`` and ``explain`` say why.
"""
