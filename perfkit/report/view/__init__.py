"""What a report says: from a stored run to plain dataclasses of final strings and numbers. Draws nothing.

``page.page(run)`` is the whole. All formats are made from it, so they cannot disagree.
"""
