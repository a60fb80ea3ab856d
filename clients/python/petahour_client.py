#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A participant of the market in one file of Python: post capacity, trade, listen, verify contracts.

It uses ZeroMQ and protobuf as Debian has them and no code of the exchange: what it knows is in proto/,
gateway/README.md and gateway/PROTOCOL.md.  Results are lines of JSON.
"""

import argparse
import datetime
import decimal
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time

import zmq
from google.protobuf.json_format import MessageToDict

from petahour_contract import Failed, countersignature, verify

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto")
WINDOW = 64
FROM_CLIENT, FROM_GATEWAY, FROM_FEED = b"\1\1", b"\1\2", b"\1\3"  # protocol version 1, kind of the payload


with tempfile.TemporaryDirectory(prefix="petahour-proto-") as folder:
    names = [f"petahour/v1/{n}" for n in os.listdir(f"{PROTO}/petahour/v1") if n.endswith(".proto")]
    subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={folder}", *names], check=True)
    sys.path.insert(0, folder)
    from petahour.v1 import market_data_pb2, session_pb2

    sys.path.remove(folder)


def settings(path):
    """The lines `name = value` of a key file or of the gateway's ready file."""
    with open(path, encoding="utf-8") as f:
        return dict(line.strip().split(" = ", 1) for line in f if " = " in line)


def connect(kind, door, ready_file, key):
    """A socket with CURVE and its endpoint: the key of the connection says who we are, nothing else does."""
    doors, s = settings(ready_file), zmq.Context.instance().socket(kind)
    s.linger = 200
    s.curve_publickey, s.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
    s.curve_serverkey = doors["server_key"].encode()
    return s, doors[door]


class Session:
    """Order entry and the private streams.

    Comes back by itself: it logs on with the next numbers that it wants, reads what it missed, and sends again, in
    order, what still has no outcome.  The market takes a client_order_id once, so nothing is done twice.
    """

    def __init__(self, ready_file, key, next_report=1):
        self.ready_file, self.key = ready_file, key
        self.next_report, self.next_contract = next_report, 1
        self.outbox, self.received = {}, []  # (kind, number) -> message without outcome; messages to be read
        self.accepted = self.socket = None
        self.open()

    def close(self):
        self.socket.disable_monitor()  # first: an event that nobody can take stops ZeroMQ's thread
        self.watch.close()
        self.socket.close()

    def open(self):
        if self.socket:
            self.close()
        self.socket, door = connect(zmq.DEALER, "order_entry", self.ready_file, self.key)
        lost = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        self.watch = self.socket.get_monitor_socket(lost)
        self.socket.connect(door)
        self.logon()

    def logon(self):
        self.state, self.again_at, self.written, self.heard = "ASKED", None, 0, time.monotonic()
        self.write(logon={"protocol_version": 1, "next_report": self.next_report,
                          "next_contract": self.next_contract, "receive": True})  # fmt: skip

    def write(self, **content):
        frame = session_pb2.ClientFrame(messages=[session_pb2.ClientMessage(**content)])
        self.socket.send_multipart([FROM_CLIENT, frame.SerializeToString()])
        self.sent = time.monotonic()

    def send(self, kind, **fields):
        """Keeps the message until it has an outcome; an order's number is its client_order_id."""
        number = ("order", fields["client_order_id"]) if kind == "new_order" else ("request", fields["request"])
        self.outbox[number] = {kind: fields}
        self.pump()
        return number

    def pump(self):
        """Writes on, while no more than WINDOW are without outcome: so that going back costs little."""
        for message in list(itertools.islice(self.outbox.values(), self.written, WINDOW)):
            if self.state == "READY":
                self.write(**message)
                self.written += 1

    def turn(self, seconds):
        """Waits at most so long for one frame; what it brought is in `received`."""
        silence = self.accepted.silence_seconds if self.accepted else 10
        now = time.monotonic()
        if now - self.heard > silence or self.watch.poll(0):
            while not os.path.exists(self.ready_file):
                time.sleep(0.1)  # a gateway that starts again may have another door
            self.open()
        elif self.state == "READY" and now - self.sent > silence / 3:
            self.write(heartbeat={})
        if self.again_at and now > self.again_at:
            self.send_again()
        if not self.socket.poll(min(seconds, 0.2) * 1000):
            return
        header, payload = self.socket.recv_multipart()
        if header != FROM_GATEWAY:
            raise Failed(f"the gateway speaks another protocol: header {header.hex()}")
        self.heard = time.monotonic()
        for message in session_pb2.GatewayFrame.FromString(payload).messages:
            kind = message.WhichOneof("message")
            if kind is not None:  # None: a later version says more than we know
                self.take(kind, getattr(message, kind))
        if self.state == "READING" and self.next_report > self.accepted.last_report:
            self.state = "READY"
            self.send_again()

    def send_again(self):
        self.again_at, self.written = None, 0
        self.pump()

    def answered(self, number):
        known = self.outbox.pop(number, None)
        self.written -= known is not None and self.written > 0
        self.pump()
        return known

    def take(self, kind, m):
        if kind == "logon_accepted":
            self.accepted, self.state = m, "READING"
        elif kind == "session_refused":
            reason = session_pb2.SessionRefusal.Name(m.reason).removeprefix("SESSION_REFUSAL_")
            if reason not in ("RECOVERING", "NOT_LOGGED_ON", "SILENT"):
                raise Failed(f"the gateway refused the session: {reason}: {m.text}")
            if reason != "NOT_LOGGED_ON" or self.state != "ASKED":  # else it is about what came before the Logon
                time.sleep(0.1)
                self.logon()
        elif kind == "busy":  # not taken, nothing changed
            self.again_at = time.monotonic() + 0.2
        elif kind == "contract" and m.stream_number >= self.next_contract:
            self.next_contract = m.stream_number + 1
            self.received.append((kind, m))
        elif kind not in ("contract", "heartbeat", "limits", "logout_accepted"):
            if hasattr(m, "stream_number"):
                if m.stream_number < self.next_report:
                    return  # asked for twice
                if m.stream_number > self.next_report:
                    raise Failed(f"message {m.stream_number} came when {self.next_report} was due")
                self.next_report += 1
            if kind == "execution_report" and m.type in (1, 2):  # ACCEPTED, REJECTED: the answer
                known = self.answered(("order", m.client_order_id))
                if m.reject_name == "DUPLICATE" and not known:
                    return  # second answer to what was sent twice
            if kind == "command_result":
                self.answered(("request", m.request))
            self.received.append((kind, m))

    def wait(self, holds, seconds=30):
        """Takes turns until holds() is true."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise Failed("no answer in time; what became of it the private stream will tell")
            self.turn(end - time.monotonic())


class Feed:
    """Best prices of one product: a snapshot, then changes; a number that is missing means a new snapshot."""

    def __init__(self, ready_file, key, product):
        self.topic = f"P{product:08x}"
        self.socket, door = connect(zmq.SUB, "market_data", ready_file, key)
        self.socket.connect(door)
        self.book, self.last = {}, None  # period -> bid, units, ask, units; (epoch, number) of the last frame
        self.socket.subscribe(self.topic)

    def turn(self, seconds):
        """The next frame that continues the book, or None."""
        if not self.socket.poll(seconds * 1000):
            return None
        topic, header, payload = self.socket.recv_multipart()
        if header != FROM_FEED or topic != self.topic.encode():
            raise Failed(f"not a frame of {self.topic}")
        frame = market_data_pb2.MarketDataFrame.FromString(payload)
        if self.last != (frame.epoch, frame.stream_number - 1) and not frame.phases:
            if self.last:
                self.last = None
                self.socket.unsubscribe(self.topic)
                self.socket.subscribe(self.topic)
            return None
        self.last = (frame.epoch, frame.stream_number)
        for run in frame.best_prices:
            for period in range(run.first_period, run.first_period + run.periods):
                self.book[period] = (run.bid, run.bid_quantity, run.ask, run.ask_quantity)
        return frame


def period(text, seconds=3600):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    if at % seconds:
        raise ValueError(f"no period starts at {text}")
    return int(at) // seconds


def micro_units(text):
    value = decimal.Decimal(text) * 10**6
    if value != int(value):
        raise ValueError(f"{text} has more than six places")
    return int(value)


def tell(s):
    """Prints what was received; contracts are verified, and countersigned.  True: something was rejected."""
    market, rejected = s.accepted.market, False
    while s.received:
        kind, m = s.received.pop(0)
        if kind == "contract":
            fields, leaf = verify(m, market, s.notary_key)
            print(json.dumps({"verified": fields}), flush=True)
            s.send("countersign_contract", request=m.stream_number,
                   **countersignature(s.key, market, fields["contract"], leaf))  # fmt: skip
        else:
            print(json.dumps({kind: MessageToDict(m, preserving_proto_field_name=True)}), flush=True)
            rejected |= getattr(m, "reject_code", 0) != 0
    return rejected


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connect", required=True, metavar="FILE", help="ready file of a gateway")
    parser.add_argument("--key", required=True, metavar="FILE", help="made by petahour keygen")
    parser.add_argument("--notary-key", metavar="HEX", help="the exchange's key; otherwise that which the gateway states")
    parser.add_argument("--seconds", type=float, default=1, help="how long to listen")
    commands = parser.add_subparsers(dest="command", required=True)
    numbers = {"capacity": ["reference", "site", "hardware", "units"], "listen": [], "market": ["product"]}
    for name in ("buy", "sell"):
        numbers[name] = ["product", "quantity"]
    for name, options in numbers.items():
        command = commands.add_parser(name)
        for option in options:
            command.add_argument(f"--{option}", type=int, required=True)
        if name in ("capacity", "buy", "sell"):
            command.add_argument("--from", dest="first_period", type=period, required=True, metavar="TIME")
            command.add_argument("--periods", type=int, default=1)
        if name in ("buy", "sell"):
            command.add_argument("--price", type=micro_units, required=True)
            command.add_argument("--block", action="store_true", help="the same units for all hours")
        if name == "listen":
            command.add_argument("--next-report", type=int, default=1, help="the first number not seen yet")
    return parser.parse_args()


def main():
    a = arguments()
    fields = {n: v for n, v in vars(a).items() if n not in ("command", "connect", "key", "notary_key", "seconds", "block")}
    end = time.monotonic() + a.seconds
    if a.command == "market":
        feed = Feed(a.connect, settings(a.key), a.product)
        while (left := end - time.monotonic()) > 0:
            if feed.turn(left):
                print(json.dumps({"best_prices": feed.book}), flush=True)
        return 0
    s = Session(a.connect, settings(a.key), fields.pop("next_report", 1))
    s.wait(lambda: s.state == "READY")
    s.notary_key = bytes.fromhex(a.notary_key) if a.notary_key else s.accepted.notary_sign_key
    if a.command != "listen":
        s.received.clear()  # what was before
    if a.command == "capacity":
        s.send("register_capacity", request=time.time_ns(), period_seconds=3600, **fields)
    elif a.command in ("buy", "sell"):
        s.send("new_order", client_order_id=s.accepted.last_client_order_id + 1, side=1 + (a.command == "sell"),
               shape=1 + a.block, time_in_force=1, **fields)  # fmt: skip
    s.wait(lambda: not s.outbox)
    rejected = tell(s)
    while (left := end - time.monotonic()) > 0:
        s.turn(left)
        tell(s)
    return 3 if rejected and a.command != "listen" else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, OSError, KeyError) as e:
        sys.exit(f"petahour_client: {e}")
