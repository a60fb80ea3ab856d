# SPDX-License-Identifier: Apache-2.0
"""Several gateways before one engine, for tests whose clients share no code with us.

Imported by tests with the arguments of test_gateway.py.
"""

import signal
import time

import zmq
from test_gateway import GATEWAY, PATIENCE, Client, Key, Run, message, session_pb2, set_up_market
from zmq.utils import z85

AUDITOR_ROLE = 8
AUDITOR = 4
TAG = 1 << 63  # requests of what a gateway does for a session that is over

ACCEPTED, REJECTED, TRADE, CANCELLED = 1, 2, 3, 4


class Gate:
    """One more gateway of a run: its own configuration, ready file and doors."""

    def __init__(self, run, name, **settings):
        self.run, self.name = run, name
        with open(f"{run.path}/petahour.ini", encoding="ascii") as f:
            text = f.read().replace(f"{run.path}/gateway.ready", f"{run.path}/{name}.ready")
        for key, value in settings.items():
            text += f"{key} = {value}\n"
        self.ini = f"{run.path}/{name}.ini"
        with open(self.ini, "w", encoding="ascii") as f:
            f.write(text)
        self.start()

    def start(self):
        # Run.start reads petahour.ini; the doors of this gateway are elsewhere.
        self.process = self.run.start_with(GATEWAY, self.name, self.ini)
        with open(f"{self.run.path}/{self.name}.ready", encoding="ascii") as f:
            doors = dict(line.split(" = ", 1) for line in f.read().splitlines())
        self.order_entry, self.market_data = doors["order_entry"], doors["market_data"]

    def stop(self, how=signal.SIGTERM):
        return self.run.stop(self.process, how)


class Gates(Run):
    """A market with a supplier (2), a buyer (3) and an auditor (4)."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.keys, self.first = set_up_market(self)
        self.keys[AUDITOR] = Key()
        operator = self.client(self.operator)
        operator.logon()
        operator.messages.clear()
        operator.send(
            message(
                register_participant={
                    "request": 77,
                    "id": AUDITOR,
                    "roles": AUDITOR_ROLE,
                    "name": "auditor",
                    "curve_key": z85.decode(self.keys[AUDITOR].public),
                    "sign_key": b"\4" * 32,
                }
            )
        )
        while True:
            result = operator.wait("command_result")
            if result.request == 77:
                break
        assert result.reject_code == 0, result
        operator.close()

    def at(self, gate, key, **options):
        """A client of a gateway; None: the first one."""
        client = Client.__new__(Client)
        client.socket = self.socket_at(gate, key, **options)
        client.messages = []
        client.keeps_limits = True
        return client

    def socket_at(self, gate, key, routing_id=None):
        return self.socket(zmq.DEALER, key, (gate or self).order_entry, routing_id)


def asked(next_report=1, receive=True, **more):
    return message(
        logon=session_pb2.Logon(protocol_version=1, next_report=next_report, next_contract=1, receive=receive, **more)
    )


def log_on(client, **options):
    client.send(asked(**options))
    return client.wait("logon_accepted")


def reports(client, seconds=0.0, until=None, alive=()):
    """What comes in order: (kind, message); ends when `until` says so, or after so many seconds.

    The client, and those in `alive`, send heartbeats meanwhile.
    """
    told, end, beat = [], time.monotonic() + (PATIENCE if until else seconds), 0.0
    while True:
        if time.monotonic() > beat:
            beat = time.monotonic() + 0.5
            for c in (client, *alive):
                c.send(message(heartbeat={}))
        while client.messages:
            m = client.messages.pop(0)
            kind = m.WhichOneof("message")
            if kind in ("execution_report", "command_result", "session_refused", "busy"):
                told.append((kind, getattr(m, kind)))
                if until and until(told):
                    return told
        left = end - time.monotonic()
        if left <= 0:
            assert not until, f"it never came; told {told[-3:]}"
            return told
        client.receive(min(left, 0.5))

