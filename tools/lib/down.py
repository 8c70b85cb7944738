#!/usr/bin/env python3
"""Stops the stack of tools/up."""

import stack

if __name__ == "__main__":
    trama = stack.default_stack()
    for peer in ("twilio", "graph"):
        trama.process(peer).stop()
    trama.down()
