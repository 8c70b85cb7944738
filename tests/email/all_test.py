#!/usr/bin/env python3
"""All tests of the e-mail channel, with one broker, Redis and set of services for all of them."""

import sys
import unittest

NAMES = ["inbound_test", "corpus_test", "outbound_test", "postfix_test"]

if __name__ == "__main__":
    tests = unittest.defaultTestLoader.loadTestsFromNames(NAMES)
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    sys.exit(0 if result.wasSuccessful() else 1)
