#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A participant of the market: logs on, posts capacity, trades, listens, verifies contracts.

It uses ZeroMQ and protobuf as Debian has them and no code of the exchange: what it knows is in proto/,
gateway/README.md and gateway/PROTOCOL.md.  Prices are in micro-units, times in periods: hours since 1970.
"""

import argparse
import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import zmq.utils.monitor
from google.protobuf import descriptor_pb2, json_format, message_factory
from nacl import encoding, hash as hashes
from petahour_contract import Failed, verify

PROTO = Path(__file__).resolve().parents[2] / "proto"
FROM_CLIENT, FROM_GATEWAY, FROM_FEED = b"\1\1", b"\1\2", b"\1\3"  # protocol version 1, kind of the payload

made = subprocess.run(["protoc", f"-I{PROTO}", "--descriptor_set_out=/dev/stdout", *PROTO.glob("petahour/v1/*.proto")],
                      check=True, capture_output=True).stdout  # fmt: skip
MESSAGES = message_factory.GetMessages(descriptor_pb2.FileDescriptorSet.FromString(made).file)


def settings(path):  # the lines `name = value` of a key file or of the gateway's ready file
    return dict(line.split(" = ", 1) for line in Path(path).read_text("utf-8").splitlines() if " = " in line)


def connect(kind, door, ready_file, key):
    """A socket with CURVE: the key of the connection says who we are, nothing else does."""
    doors, s = settings(ready_file), zmq.Context.instance().socket(kind)
    s.linger, s.rcvhwm = 200, 0  # libzmq 4.3 ends the program when it connects again behind a full queue
    s.curve_publickey, s.curve_secretkey = key["curve_public"].encode(), key["curve_secret"].encode()
    s.curve_serverkey = doors["server_key"].encode()
    s.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    s.connect(doors[door])
    return s


def receive(s, seconds, kind):  # the payload of a frame, or None
    refusals = s.get_monitor_socket()
    if refusals.poll(0) and zmq.utils.monitor.recv_monitor_message(refusals)["value"] == 400:
        raise Failed("the gateway refuses this key: no participant has it, or one that is closed")
    *_, header, payload = s.recv_multipart() if s.poll(seconds * 1000) else (kind, None)
    if header != kind:
        raise Failed(f"the gateway speaks another protocol: header {header.hex()}")
    return payload


class Session:
    """Order entry and the private streams.  Comes back by itself: it logs on with the next numbers that it wants, sends
    again, in order, what still has no outcome.  The market takes a client_order_id once, so nothing is done twice."""

    def __init__(self, ready_file, key, next_report=1):
        self.ready_file, self.key = ready_file, key
        self.next = {"next_report": next_report, "next_contract": 1}
        self.outbox, self.received, self.accepted = {}, [], None  # (kind, number) -> what has no outcome; to be read
        self.open()

    def open(self):
        self.socket = connect(zmq.DEALER, "order_entry", self.ready_file, self.key)
        self.logon()

    def logon(self):
        self.state, self.again_at, self.heard = "ASKED", None, time.monotonic()
        self.write({"logon": {"protocol_version": 1, "receive": True, **self.next}})

    def write(self, *messages):
        for i in range(0, len(messages), 256):
            frame = MESSAGES["petahour.v1.ClientFrame"](messages=messages[i : i + 256])
            if self.socket.poll(0, zmq.POLLOUT):  # no when the key was refused: turn() connects anew after a silence
                self.socket.send_multipart([FROM_CLIENT, frame.SerializeToString()])
        self.sent = time.monotonic()

    def send(self, kind, **fields):
        """Keeps the message until it has an outcome; an order's number is its client_order_id."""
        number = ("order", fields["client_order_id"]) if kind == "new_order" else ("request", fields["request"])
        self.outbox[number] = {kind: fields}
        if self.state == "READY" and not self.again_at:
            self.write(self.outbox[number])
        return number

    def turn(self, seconds):
        """Waits at most so long for one frame; what it brought is in `received`."""
        silence = self.accepted.silence_seconds if self.accepted else 10
        now, waits = time.monotonic(), self.outbox or self.state != "READY"
        if now - self.heard > (2 if waits else silence):
            self.socket.close()
            while not Path(self.ready_file).exists():
                time.sleep(0.1)  # a gateway that starts again may have another door
            self.open()
        elif self.again_at and now > self.again_at:
            self.again_at = None
            self.write(*self.outbox.values())
        elif self.state == "READY" and now - self.sent > silence / 3:
            self.write({"heartbeat": {}})
        if (payload := receive(self.socket, min(seconds, 0.2), FROM_GATEWAY)) is None:
            return
        self.heard = time.monotonic()
        for message in MESSAGES["petahour.v1.GatewayFrame"].FromString(payload).messages:
            kind = message.WhichOneof("message")
            if kind is not None:  # None: a later version says more than we know
                self.take(kind, getattr(message, kind))
        if self.state == "READING" and all(n > last for n, last in zip(self.next.values(), self.last)):
            self.state = "READY"
            self.write(*self.outbox.values())

    def take(self, kind, m):
        if kind == "logon_accepted":
            self.accepted, self.state, self.last = m, "READING", (m.last_report, m.last_contract)
        elif kind == "session_refused":
            reason = json_format.MessageToDict(m)["reason"].removeprefix("SESSION_REFUSAL_")
            if reason not in ("RECOVERING", "NOT_LOGGED_ON", "SILENT", "NOT_READING"):
                raise Failed(f"the gateway refused the session: {reason}: {m.text}")
            if reason != "NOT_LOGGED_ON" or self.state != "ASKED":  # else it is about what came before the Logon
                time.sleep(0.1)
                self.logon()
        elif kind == "busy":  # not taken, nothing changed
            self.again_at = time.monotonic() + 0.2
        elif hasattr(m, "stream_number"):
            stream = "next_contract" if kind == "contract" else "next_report"
            if m.stream_number > self.next[stream]:
                raise Failed(f"{kind} {m.stream_number} came when {self.next[stream]} was due")
            if m.stream_number == self.next[stream]:  # else asked for twice
                self.next[stream] += 1
                self.received += [(kind, m)] if self.is_new(kind, m) else []

    def is_new(self, kind, m):  # False: the second answer to what was sent twice
        number = ("request", m.request) if kind == "command_result" else None
        if kind == "execution_report" and m.type in (1, 2):  # ACCEPTED, REJECTED: the answer
            number = ("order", m.client_order_id)
        return self.outbox.pop(number, None) or getattr(m, "reject_name", "") != "DUPLICATE"

    def wait(self, holds, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise Failed("no answer in time; what became of it the private stream will tell")
            self.turn(end - time.monotonic())


class Feed:
    """Best prices of one product, conflated: its whole book whenever it has changed, so a lost frame does no harm."""

    def __init__(self, ready_file, key, product):
        self.socket = connect(zmq.SUB, "market_data", ready_file, key)
        self.book, self.parts = {}, {}  # period -> bid, units, ask, units
        self.why = "the gateway did not answer in time"  # None: there is a book
        for topic in (f"~P{product:08x}", f"?P{product:08x}"):  # and as it is now: it may not change soon
            self.socket.subscribe(topic)

    def turn(self, seconds):
        """True: there is a new book."""
        if (payload := receive(self.socket, seconds, FROM_FEED)) is None:
            return False
        frame = MESSAGES["petahour.v1.MarketDataFrame"].FromString(payload)
        for run in frame.best_prices:
            prices = (run.bid, run.bid_quantity, run.ask, run.ask_quantity)
            self.parts.update(dict.fromkeys(range(run.first_period, run.first_period + run.periods), prices))
        if frame.more or frame.answer != 1:  # 1: SNAPSHOT
            self.why = self.why and (frame.reason or self.why)
            return False
        book, self.parts = self.parts, {}
        rows = (b"P" + struct.pack("<IqQqQ", period, *prices) for period, prices in book.items())
        sums = (hashes.siphash24(row, bytes(16), encoding.RawEncoder) for row in rows)
        is_whole = sum(int.from_bytes(s, "little") for s in sums) % 2**64 == frame.checksum
        self.book, self.why = (book, None) if is_whole else (self.book, self.why)  # the next one comes by itself
        return is_whole


def tell(s, notary_key):
    """Prints what was received, contracts after they were verified.  True: something was rejected."""
    received, s.received = s.received, []
    for kind, m in received:
        fields = json_format.MessageToDict(m, preserving_proto_field_name=True)
        said = {"verified": verify(m, s.accepted.market, notary_key)} if kind == "contract" else {kind: fields}
        print(json.dumps(said), flush=True)
    return any(getattr(m, "reject_code", 0) for _, m in received)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connect", required=True, metavar="FILE", help="ready file of a gateway")
    parser.add_argument("--key", required=True, metavar="FILE", help="made by petahour keygen")
    parser.add_argument("--notary-key", type=bytes.fromhex, metavar="HEX", help="default: what the gateway states")
    parser.add_argument("--seconds", type=float, default=1, help="how long to listen")
    commands, order = parser.add_subparsers(dest="command", required=True), "product quantity price from periods shape"
    defaults = {"periods": 1, "shape": 1, "next_report": 1}  # shape: 1 EACH, 2 BLOCK
    for name, options in {"capacity": "reference site hardware units from periods", "buy": order, "sell": order,
                          "market": "product", "listen": "next_report"}.items():  # fmt: skip
        command = commands.add_parser(name)
        for o in options.split():
            command.add_argument("--" + o.replace("_", "-"), type=int, required=o not in defaults,
                                 default=defaults.get(o), dest="first_period" if o == "from" else o)  # fmt: skip
    return vars(parser.parse_args())


def main():
    a = arguments()
    command, ready_file, key, notary_key = (a.pop(n) for n in ("command", "connect", "key", "notary_key"))
    end = time.monotonic() + a.pop("seconds")
    if command == "market":
        feed = Feed(ready_file, settings(key), **a)
        while (left := end - time.monotonic()) > 0:
            if feed.turn(min(left, 0.2)):
                print(json.dumps({"best_prices": feed.book}), flush=True)
        if feed.why:
            raise Failed(f"no book came: {feed.why}")
        return 0
    s = Session(ready_file, settings(key), a.pop("next_report", 1))
    s.wait(lambda: s.state == "READY")
    notary_key = notary_key or s.accepted.notary_sign_key
    s.received = s.received if command == "listen" else []  # else what was before is of no interest
    if command == "capacity":
        s.send("register_capacity", request=time.time_ns(), period_seconds=3600, **a)
    elif command in ("buy", "sell"):
        s.send("new_order", client_order_id=s.accepted.last_client_order_id + 1, side=1 + (command == "sell"),
               time_in_force=1, **a)  # fmt: skip
    s.wait(lambda: not s.outbox)
    rejected = tell(s, notary_key)
    while (left := end - time.monotonic()) > 0:
        s.turn(left)
        tell(s, notary_key)
    return 3 if rejected and command != "listen" else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, OSError, KeyError, ValueError) as e:  # ValueError: the protocol has no such number
        sys.exit(f"petahour_client: {e}")
