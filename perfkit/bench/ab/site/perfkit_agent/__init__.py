"""What runs in the two processes of a pair.

Standard library only, and nothing of perfkit: perfkit itself may be the project under test, and then its
modules must come from each side's own tree.
"""
