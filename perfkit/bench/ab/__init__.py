"""The A/B gate: two revisions of a project, timed against each other in pairs of processes."""
