"""The report for people in front of a terminal, in plain text or colours."""
