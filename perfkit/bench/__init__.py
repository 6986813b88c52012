"""Strategies compared: scenarios, the harness that runs them, their answers and predictions."""
