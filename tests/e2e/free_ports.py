# SPDX-License-Identifier: Apache-2.0
"""Ports that stay free until a test's program listens on them, also while it is started again.

They are below those that the system gives to whoever asks for any, and to outgoing connections.
"""

import itertools
import os
import random
import socket

FIRST = 10000


def free_ports(count):
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        end = int(f.read().split()[0])
    # Each process has numbers of its own to begin with.
    begin, found = random.Random(os.getpid()).randrange(FIRST, end), []
    for port in itertools.islice(itertools.cycle((*range(begin, end), *range(FIRST, begin))), end - FIRST):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError("no ports are free")
