"""The main figure of a run as data: what it draws, all texts final, all places in per cent."""
