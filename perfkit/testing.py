"""What tests import: helpers for code that runs inside an event loop already.

>>> from perfkit.testing import assert_constant
"""

from perfkit.constant import assert_constant_async as assert_constant

__all__ = ["assert_constant"]
