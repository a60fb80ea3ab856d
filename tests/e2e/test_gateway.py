#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real engine and a real gateway against clients that share no code with us, most of them hostile.

usage: test_gateway.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC

The clients speak ZeroMQ with CURVE and protobuf as generated for Python.  No notary runs: a gateway
serves without one, contracts then wait for their signatures.
"""

import configparser
import glob
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import nacl.encoding
import nacl.hash
import nacl.signing
import zmq
from zmq.utils import z85

ENGINE, GATEWAY, PROTO, PROTOC = sys.argv[1:5]
PATIENCE = 30
MARKET = "market.example"
HEADER = b"\1\1"
HOUR = 3600
REFUSED = 25000


def generate_messages():
    """The messages of proto/ for Python, in a folder of their own on the path."""
    folder = tempfile.TemporaryDirectory(prefix="petahour-proto-")
    names = sorted(glob.glob(f"{PROTO}/petahour/v1/*.proto"))
    subprocess.run([PROTOC, f"-I{PROTO}", f"--python_out={folder.name}", *names], check=True)
    sys.path.insert(0, folder.name)
    return folder


GENERATED = generate_messages()
from petahour.v1 import market_data_pb2, order_entry_pb2, session_pb2  # noqa: E402


class Key:
    def __init__(self):
        self.public, self.secret = zmq.curve_keypair()


class Run:
    """A folder with keys, a configuration, an engine and a gateway."""

    def __init__(self, **gateway_settings):
        self.folder = tempfile.TemporaryDirectory(prefix="petahour-")
        self.path = self.folder.name
        self.operator, self.server = Key(), Key()
        self.settings = gateway_settings
        self.processes = []
        self.context = zmq.Context()
        self.write_server_key(0o600)
        self.configure()
        try:
            self.engine = self.start(ENGINE, "engine")
            self.gateway = self.start(GATEWAY, "gateway")
            self.read_doors()
        except BaseException:
            self.close()
            raise

    def write_server_key(self, mode):
        path = f"{self.path}/gateway.key"
        if os.path.exists(path):
            os.unlink(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "w", encoding="ascii") as f:
            f.write(f"name = gateway\ncurve_public = {self.server.public.decode()}\n")
            f.write(f"curve_secret = {self.server.secret.decode()}\n")
            seed = nacl.signing.SigningKey(b"\2" * 32)
            f.write(f"sign_public = {seed.verify_key.encode().hex()}\nsign_seed = {seed.encode().hex()}\n")
        os.chmod(path, mode)

    def configure(self, market=MARKET, **gateway):
        link = f"ipc://{self.path}/engine.sock"
        ini = configparser.RawConfigParser()
        ini["market"] = {"name": market, "currency": "USD"}
        ini["engine"] = {
            "journal": f"{self.path}/journal",
            "spool": f"{self.path}/engine.spool",
            "link": link,
            "operator_name": "operator",
            "operator_curve_key": self.operator.public.decode(),
            "operator_sign_key": "33" * 32,
            "notary_sign_key": "44" * 32,
            "ready_file": f"{self.path}/engine.ready",
        }
        ini["gateway"] = {
            "engine_link": link,
            "notary_link": f"ipc://{self.path}/notary.sock",
            "key_file": f"{self.path}/gateway.key",
            "ready_file": f"{self.path}/gateway.ready",
            **self.settings,
            **gateway,
        }
        with open(f"{self.path}/petahour.ini", "w", encoding="ascii") as f:
            ini.write(f)

    def start(self, program, name):
        return self.start_with(program, name, f"{self.path}/petahour.ini")

    def start_with(self, program, name, ini):
        ready = f"{self.path}/{name}.ready"
        if os.path.exists(ready):
            os.unlink(ready)
        # A pipe that nobody reads stops who writes to it when it is full.
        log = f"{self.path}/{len(self.processes)}.log"
        with open(log, "wb") as file:
            process = subprocess.Popen([program, "--config", ini], stderr=file)
        process.stderr = open(log, "rb")
        self.processes.append(process)
        end = time.monotonic() + PATIENCE
        while not os.path.exists(ready):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{name} is not ready: {process.stderr.read()}")
            select.select([], [], [], 0.01)
        return process

    def refused(self, prepare=None):
        """What a gateway says that must not start; prepare: is called in its process before it."""
        ended = subprocess.run(
            [GATEWAY, "--config", f"{self.path}/petahour.ini"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            preexec_fn=prepare,
        )
        assert ended.returncode == 1, ended
        assert ended.stderr.count("level=error") == 1, ended.stderr
        return ended.stderr

    def read_doors(self):
        with open(f"{self.path}/gateway.ready", encoding="ascii") as f:
            doors = dict(line.split(" = ", 1) for line in f.read().splitlines())
        assert set(doors) == {"order_entry", "market_data", "server_key"}, doors
        assert doors["server_key"] == self.server.public.decode(), doors
        self.order_entry, self.market_data = doors["order_entry"], doors["market_data"]

    def restart_gateway(self):
        self.stop(self.gateway)
        self.gateway = self.start(GATEWAY, "gateway")
        self.read_doors()

    def stop(self, process, how=signal.SIGTERM):
        process.send_signal(how)
        code = process.wait(PATIENCE)
        said = process.stderr.read().decode()
        process.stderr.close()
        if how == signal.SIGTERM:
            assert code == 0, (code, said)
        return said

    def socket(self, kind, key, endpoint, routing_id=None):
        s = self.context.socket(kind)
        s.linger, s.sndtimeo = 0, PATIENCE * 1000
        if routing_id:
            s.routing_id = routing_id
        if key:
            s.curve_publickey, s.curve_secretkey = key.public, key.secret
            s.curve_serverkey = self.server.public
        s.connect(endpoint)
        return s

    def client(self, key, **options):
        return Client(self, key, **options)

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stderr.close()
        self.context.destroy(linger=0)
        self.folder.cleanup()


class Client:
    """One connection; keeps every message of the gateway in order, Limits only if that is asked for."""

    keeps_limits = False

    def __init__(self, run, key, routing_id=None):
        self.socket = run.socket(zmq.DEALER, key, run.order_entry, routing_id)
        self.messages = []

    def send(self, *messages):
        frame = session_pb2.ClientFrame(messages=messages)
        self.socket.send_multipart([HEADER, frame.SerializeToString()])

    def send_raw(self, *parts):
        self.socket.send_multipart(list(parts))

    def receive(self, timeout=PATIENCE):
        """Takes one frame; False if none came."""
        if not self.socket.poll(timeout * 1000):
            return False
        header, payload = self.socket.recv_multipart()
        assert header == b"\1\2", header
        frame = session_pb2.GatewayFrame.FromString(payload)
        assert 1 <= len(frame.messages) <= 256 and len(payload) <= 65536
        self.messages.extend(m for m in frame.messages if self.keeps_limits or not m.HasField("limits"))
        return True

    def wait(self, kind, count=1):
        """The first `count` messages of a kind; takes them and all before the last of them."""
        end = time.monotonic() + PATIENCE
        while True:
            found = [i for i, m in enumerate(self.messages) if m.WhichOneof("message") == kind]
            if len(found) >= count:
                taken = [getattr(self.messages[i], kind) for i in found[:count]]
                del self.messages[: found[count - 1] + 1]
                return taken if count > 1 else taken[0]
            if time.monotonic() > end or not self.receive(max(0.0, end - time.monotonic())):
                raise AssertionError(f"no {kind}; last {self.messages[-3:]}")

    def logon(self, next_report=1, next_contract=1, receive=True):
        self.send(logon(next_report, next_contract, receive))
        return self.wait("logon_accepted")

    def close(self):
        self.socket.close()


def message(**content):
    return session_pb2.ClientMessage(**content)


def logon(next_report=1, next_contract=1, receive=True, version=1):
    return message(
        logon=session_pb2.Logon(
            protocol_version=version, next_report=next_report, next_contract=next_contract, receive=receive
        )
    )


def order(client_order_id, side, first, periods=1, quantity=1, price=1000, **more):
    return message(
        new_order=order_entry_pb2.NewOrder(
            client_order_id=client_order_id,
            product=1,
            side=side,
            shape=1,
            first_period=first,
            periods=periods,
            quantity=quantity,
            price=price,
            time_in_force=1,
            **more,
        )
    )


def registration(number, key):
    content = {
        "request": number,
        "id": number,
        "roles": 1 if number == 2 else 2,
        "name": f"participant {number}",
        "curve_key": z85.decode(key.public),
        "sign_key": bytes([number]) * 32,
    }
    return message(register_participant=content)


def set_up_market(run):
    """Registers a supplier (2), a buyer (3), capacity, money and product 1; returns their keys."""
    operator = run.client(run.operator)
    assert operator.logon().participant == 1
    keys = {2: Key(), 3: Key()}
    first = int(time.time()) // HOUR + 10
    for number, key in keys.items():
        operator.send(registration(number, key))
    product = {
        "id": 1, "symbol": "AI.H100", "compute_type": 2, "architecture": 7, "model": "H100", "unit": "card",
        "hardware": 1, "hardware_units": 1, "site": 1, "availability_ppm": 990000, "period_seconds": HOUR,
        "tick": 1, "lot": 1, "quantity_max": 1000, "block_periods_max": 100, "horizon": 400,
        "gate_seconds": HOUR, "report_seconds": 60, "dispute_seconds": 60, "resolve_seconds": 60,
        "reference_price": 1000, "terms_hash": b"\7" * 32,
    }  # fmt: skip
    site = {"request": 4, "id": 1, "owner": 2, "region": "hub", "name": "site", "pue_ppm": 1100000}
    operator.send(
        message(register_site=site),
        message(register_hardware={"request": 5, "id": 1, "name": "H100"}),
        message(list_product={"request": 6, "product": product}),
        message(deposit={"request": 7, "participant": 2, "amount": 10**12, "reference": "a"}),
        message(deposit={"request": 8, "participant": 3, "amount": 10**12, "reference": "b"}),
    )
    for result in operator.wait("command_result", 7):
        assert result.reject_code == 0, result
    supplier = run.client(keys[2])
    supplier.logon()
    capacity = {
        "request": 9, "reference": 1, "site": 1, "hardware": 1, "period_seconds": HOUR,
        "first_period": first, "periods": 300, "units": 100,
    }  # fmt: skip
    supplier.send(message(register_capacity=capacity))
    result = supplier.wait("command_result")
    assert result.reject_code == 0, result
    operator.close()
    supplier.close()
    return keys, first


class Doors(unittest.TestCase):
    """Who gets in, and what a client can do to others: nothing."""

    @classmethod
    def setUpClass(cls):
        cls.run_ = Run(silence_seconds="90")
        cls.addClassCleanup(cls.run_.close)
        cls.keys, cls.first = set_up_market(cls.run_)

    def opened(self, number, **options):
        client = self.run_.client(self.keys[number], **options)
        self.addCleanup(client.close)
        return client

    def refusal(self, client, name):
        refused = client.wait("session_refused")
        self.assertEqual(session_pb2.SessionRefusal.Name(refused.reason), f"SESSION_REFUSAL_{name}")
        self.assertTrue(refused.text)
        return refused.text

    def test_strangers_are_refused_in_the_handshake(self):
        failed = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        failed |= zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_SUCCEEDED
        for endpoint, kind in ((self.run_.order_entry, zmq.DEALER), (self.run_.market_data, zmq.SUB)):
            for key in (Key(), None):
                s = self.run_.context.socket(kind)
                s.linger = 0
                if key:
                    s.curve_publickey, s.curve_secretkey = key.public, key.secret
                    s.curve_serverkey = self.run_.server.public
                monitor = s.get_monitor_socket(failed | zmq.EVENT_DISCONNECTED)
                s.connect(endpoint)
                self.assertTrue(monitor.poll(PATIENCE * 1000))
                event = int.from_bytes(monitor.recv_multipart()[0][:2], sys.byteorder)
                self.assertNotEqual(event, zmq.EVENT_HANDSHAKE_SUCCEEDED)
                s.disable_monitor()
                monitor.close()
                s.close()

    def test_nothing_is_taken_before_a_logon(self):
        client = self.opened(3)
        client.send(order(10**6, 1, self.first))
        self.assertIn("Logon", self.refusal(client, "NOT_LOGGED_ON"))
        accepted = client.logon()
        self.assertLess(accepted.last_client_order_id, 10**6)
        self.assertEqual(accepted.market, MARKET)
        self.assertEqual(accepted.notary_sign_key, b"\x44" * 32)

    def test_a_wrong_logon_is_refused(self):
        client = self.opened(3)
        client.send(logon(version=2))
        self.refusal(client, "VERSION")
        client.send(logon(next_report=10**9))
        self.refusal(client, "STREAM_NUMBER")
        client.send(logon(next_contract=10**9))
        self.refusal(client, "STREAM_NUMBER")
        client.logon()

    def test_malformed_frames_end_their_session_only(self):
        good = self.opened(2)
        good.logon(receive=False)
        heartbeat = session_pb2.ClientFrame(messages=[message(heartbeat={})]).SerializeToString()
        wrong = [
            (HEADER, b""),
            (HEADER, b"\xff" * 100),
            (HEADER, heartbeat[:-1]),
            (HEADER, heartbeat * 257),
            (HEADER, heartbeat + b"\x10\x01"),
            (HEADER, b"\x0a\x00" * 200),
            (HEADER, session_pb2.ClientFrame(messages=[order(1, 7, 1)]).SerializeToString()),
            (b"\1\2", heartbeat),
            (b"\1", heartbeat),
            (b"\1\1\1", heartbeat),
            (HEADER,),
            (b"",),
            (HEADER, heartbeat, b"more"),
        ]
        for parts in wrong:
            client = self.opened(3)
            client.logon(receive=False)
            client.send_raw(*parts)
            self.refusal(client, "MALFORMED")
            client.send(message(heartbeat={}))
            self.refusal(client, "NOT_LOGGED_ON")
            client.close()
        client = self.opened(3)
        client.logon(receive=False)
        client.send_raw(b"\2\1", heartbeat)
        self.refusal(client, "VERSION")
        good.send(message(list_catalogue={"request": 77}))
        self.assertEqual(good.wait("catalogue_end").request, 77)

    def test_a_frame_is_taken_whole_or_not_at_all(self):
        client = self.opened(3)
        before = client.logon(receive=False).last_client_order_id
        client.send(order(before + 1, 1, self.first), order(before + 2, 9, self.first))
        self.assertIn("message 2", self.refusal(client, "MALFORMED"))
        self.assertEqual(client.logon(receive=False).last_client_order_id, before)

    def test_a_message_that_is_too_long_ends_the_connection(self):
        client = self.opened(3)
        client.logon(receive=False)
        client.send_raw(HEADER, b"\x0a" * 70000)
        other = self.opened(3)
        self.assertEqual(other.logon(receive=False).participant, 3)
        self.assertEqual(client.logon(receive=False).participant, 3)  # it connects again

    def test_a_routing_id_is_nobody(self):
        victim = self.opened(2, routing_id=b"desk-1")
        victim.logon(receive=False)
        thief = self.opened(3, routing_id=b"desk-1")
        thief.send(logon(receive=False), message(mass_cancel={"request": 666}))
        victim.send(message(list_catalogue={"request": 5}))
        self.assertEqual(victim.wait("catalogue_end").request, 5)
        self.assertFalse(thief.receive(0.5) and thief.wait("logon_accepted").participant != 3)
        self.assertFalse(any(m.WhichOneof("message") == "command_result" for m in victim.messages))
        victim.close()
        end, patience = time.monotonic() + PATIENCE, 0.5
        while True:
            # The gateway frees the id when it sees that the connection has gone; a connection that
            # came before that stays without one, so each try is a new one.
            again = self.opened(3, routing_id=b"desk-1")
            again.send(logon(receive=False))
            if again.receive(patience):
                break
            again.close()
            patience *= 1.5
            self.assertLess(time.monotonic(), end)
        self.assertEqual(again.wait("logon_accepted").participant, 3)

    def test_the_catalogue_has_no_connection_keys(self):
        client = self.opened(3)
        client.logon(receive=False)
        client.send(message(list_catalogue={"request": 1}))
        client.wait("catalogue_end")
        client.send(message(list_catalogue={"request": 2}))
        entries = client.wait("catalogue_entry", 6)
        kinds = [e.WhichOneof("entry") for e in entries]
        self.assertEqual(kinds, ["participant"] * 3 + ["site", "hardware", "product"])
        self.assertEqual(entries[1].participant.sign_key, b"\2" * 32)
        for key in (*self.keys.values(), self.run_.operator):
            raw = z85.decode(key.public)
            self.assertFalse(any(raw in e.SerializeToString() for e in entries))

    def test_roles_are_the_markets_to_check(self):
        client = self.opened(3)
        client.logon(next_report=1)
        client.send(message(deposit={"request": 1234, "participant": 3, "amount": 5, "reference": "c"}))
        result = client.wait("command_result")
        self.assertEqual((result.request, result.reject_name), (1234, "ROLE_MISSING"))

    def test_a_logout_is_answered(self):
        client = self.opened(3)
        client.logon(receive=False)
        client.send(message(logout={}))
        client.wait("logout_accepted")
        client.send(message(heartbeat={}))
        self.refusal(client, "NOT_LOGGED_ON")

    def test_a_participant_has_sixteen_sessions(self):
        clients = [self.opened(2) for _ in range(17)]
        for client in clients[:15]:
            client.logon(receive=False)
        seen = set()
        for client in clients[15:]:
            client.send(logon(receive=False))
            client.receive()
            seen.add(client.messages[-1].WhichOneof("message"))
        self.assertIn("session_refused", seen)
        self.opened(3).logon(receive=False)
        for client in clients:
            client.send(message(logout={}))
            client.receive()


def level(side, period, price, quantity):
    """A price level as the checksum takes it."""
    return b"L" + struct.pack("<BIqQ", side, period, price, quantity)


def book_rows(frame):
    """What a frame says that stands, as the checksum takes it."""
    for run in frame.best_prices:
        for t in range(run.first_period, run.first_period + run.periods):
            yield b"P" + struct.pack("<IqQqQ", t, run.bid, run.bid_quantity, run.ask, run.ask_quantity)
    for run in frame.levels:
        for t in range(run.first_period, run.first_period + run.periods):
            yield level(run.side, t, run.price, run.quantity)
    for b in frame.blocks:
        yield b"B" + struct.pack("<BBBIIIqQ", b.side, b.shape, b.all_or_none, b.first_period, b.periods,
                                 b.duration, b.price, b.units)  # fmt: skip
    for run in frame.statistics:
        for t in range(run.first_period, run.first_period + run.periods):
            yield b"S" + struct.pack("<IqqqQqQ", t, run.last, run.high, run.low, run.volume, run.average_price,
                                     run.open_interest)  # fmt: skip
    for p in frame.grade_products:
        yield b"G" + struct.pack("<II", frame.product, p.product)
    for c in frame.candles:
        row = struct.pack("<IQqqqqQqQ", c.interval_seconds, c.start, c.open, c.high, c.low, c.close,
                          c.volume, c.average_price, c.trades)  # fmt: skip
        if c.periods == 0:
            yield b"K" + row
        for t in range(c.first_period, c.first_period + c.periods):
            yield b"C" + struct.pack("<I", t) + row


def checksum(rows):
    """As gateway/PROTOCOL.md says it."""
    hashes = (nacl.hash.siphash24(row, bytes(16), nacl.encoding.RawEncoder) for row in rows)
    return sum(int.from_bytes(h, "little") for h in hashes) % 2**64


class Streams(unittest.TestCase):
    """Reports, numbers and market data, over restarts of both processes."""

    SETTINGS = {"silence_seconds": "90", "streams_memory_mib": "1"}

    def setUp(self):
        self.run_ = Run(**self.SETTINGS)
        self.addCleanup(self.run_.close)
        self.keys, self.first = set_up_market(self.run_)

    def opened(self, number):
        """A client that is told what comes from now on, and its next client order id."""
        client = self.run_.client(self.keys[number])
        self.addCleanup(client.close)
        last = client.logon(receive=False).last_report
        return client, client.logon(next_report=last + 1).last_client_order_id + 1

    def trade(self, count):
        """The supplier offers, the buyer takes `count` times; returns what the buyer was told."""
        seller, next_id = self.opened(2)
        seller.send(order(next_id, 2, self.first, periods=10, quantity=10))
        self.assertEqual(seller.wait("execution_report").type, 1)
        buyer, next_id = self.opened(3)
        buyer.send(*[order(next_id + i, 1, self.first, periods=10) for i in range(count)])
        reports = buyer.wait("execution_report", 2 * count)
        self.assertEqual([r.type for r in reports], [1, 3] * count)
        self.assertEqual({r.type for r in seller.wait("execution_report", count)}, {3})
        seller.close()
        buyer.close()
        return reports

    def stream(self, number, next_report=1):
        """Everything a participant was ever told, as bytes."""
        client = self.run_.client(self.keys[number])
        accepted = client.logon(next_report=next_report)
        told = []
        while len(told) < accepted.last_report - next_report + 1:
            while not client.messages:
                self.assertTrue(client.receive())
            told.append(client.messages.pop(0))
        client.close()
        for i, m in enumerate(told):
            content = getattr(m, m.WhichOneof("message"))
            self.assertEqual(content.stream_number, next_report + i)
        return [m.SerializeToString() for m in told]

    def test_streams_are_the_same_after_every_restart(self):
        self.trade(5)
        before = {n: self.stream(n) for n in (2, 3)}
        self.assertGreaterEqual(len(before[3]), 10)
        self.assertEqual(self.stream(3, next_report=4), before[3][3:])
        self.run_.restart_gateway()
        self.assertEqual({n: self.stream(n) for n in (2, 3)}, before)

    def test_what_was_told_long_ago_comes_from_the_file(self):
        # Every one is refused and told: some 2 MB beside 1 MiB of memory.
        client, next_id = self.opened(3)
        for i in range(0, REFUSED, 250):
            client.send(*[order(next_id + i + k, 1, 1) for k in range(250)])  # long ago
            client.wait("execution_report", 250)
        before = self.stream(3)
        self.assertGreater(sum(map(len, before)), 3 << 19)
        self.assertEqual(self.stream(3, next_report=500), before[499:])
        self.run_.restart_gateway()
        self.assertEqual(self.stream(3), before)

    def test_a_lost_engine_ends_the_sessions_and_loses_nothing(self):
        self.trade(2)
        before = self.stream(3)
        client = self.run_.client(self.keys[3])
        self.addCleanup(client.close)
        last = client.logon(next_report=len(before) + 1).last_client_order_id
        self.run_.stop(self.run_.engine, signal.SIGKILL)
        self.run_.start(ENGINE, "engine")
        refused = client.wait("session_refused")
        self.assertEqual(refused.reason, session_pb2.SESSION_REFUSAL_RECOVERING)
        end = time.monotonic() + PATIENCE
        while True:
            client.send(logon(next_report=len(before) + 1))
            self.assertTrue(client.receive())
            if client.messages.pop(0).WhichOneof("message") == "logon_accepted":
                break
            self.assertLess(time.monotonic(), end)
        client.send(order(last, 1, self.first), order(last + 1, 1, self.first))
        duplicate, accepted = client.wait("execution_report", 2)
        self.assertEqual((duplicate.reject_name, duplicate.client_order_id), ("DUPLICATE", last))
        self.assertEqual((accepted.type, accepted.client_order_id), (1, last + 1))
        self.assertEqual(self.stream(3)[: len(before)], before)

    def test_an_engine_with_another_log_is_not_followed(self):
        self.run_.stop(self.run_.engine, signal.SIGKILL)
        shutil.rmtree(f"{self.run_.path}/journal")
        os.unlink(f"{self.run_.path}/engine.spool")
        self.run_.start(ENGINE, "engine")
        self.assertEqual(self.run_.gateway.wait(PATIENCE), 1)
        self.assertIn("another log", self.run_.gateway.stderr.read().decode())

    def test_subscribers_get_a_snapshot_then_every_change(self):
        subscriber = self.run_.socket(zmq.SUB, self.keys[3], self.run_.market_data)
        self.addCleanup(subscriber.close)
        for topic in ("P", "P00000001", "secret", "P1"):
            subscriber.setsockopt(zmq.SUBSCRIBE, topic.encode())
        first, rows = self.whole(subscriber, b"P00000001")
        self.assertEqual((rows, first.phases[0].phase), (set(), 1))
        trades = {r.trade for r in self.trade(3) if r.type == 3}
        last_number, epoch, seen, best = first.stream_number, first.epoch, set(), {}
        while not trades <= seen or best.get(self.first, (0, 0))[1] != 7:
            self.assertTrue(subscriber.poll(PATIENCE * 1000), (seen, best))
            topic, header, payload = subscriber.recv_multipart()
            self.assertEqual((topic, header), (b"P00000001", b"\1\3"))
            frame = market_data_pb2.MarketDataFrame.FromString(payload)
            self.assertEqual((frame.epoch, frame.stream_number), (epoch, last_number + 1))
            self.assertEqual(len(frame.phases), 0)
            last_number = frame.stream_number
            seen |= {t.trade for t in frame.trades}
            for run in frame.best_prices:
                for t in range(run.first_period, run.first_period + run.periods):
                    best[t] = (run.ask, run.ask_quantity)
        self.assertEqual({best[t] for t in range(self.first, self.first + 10)}, {(1000, 7)})
        late = self.run_.socket(zmq.SUB, self.keys[2], self.run_.market_data)
        self.addCleanup(late.close)
        late.setsockopt(zmq.SUBSCRIBE, b"P00000001")
        frame, rows = self.whole(late, b"P00000001")
        self.assertEqual((frame.stream_number, frame.phases[0].phase, len(rows)), (last_number, 1, 10))
        self.assertFalse(subscriber.poll(300))  # nobody else receives it
        run = frame.best_prices[0]
        self.assertEqual((run.first_period, run.periods, run.ask, run.ask_quantity), (self.first, 10, 1000, 7))

    def whole(self, subscriber, topic):
        """Asks for a snapshot; returns it, and what stands: rows as the checksum takes them."""
        subscriber.setsockopt(zmq.SUBSCRIBE, b"?" + topic)
        rows, more = set(), True
        while more:
            self.assertTrue(subscriber.poll(PATIENCE * 1000), topic)
            name, header, payload = subscriber.recv_multipart()
            if name != b"?" + topic:
                continue
            self.assertEqual(header, b"\1\3")
            frame = market_data_pb2.MarketDataFrame.FromString(payload)
            self.assertEqual(frame.answer, market_data_pb2.STREAM_ANSWER_SNAPSHOT)
            rows |= set(book_rows(frame))
            more = frame.more
        subscriber.setsockopt(zmq.UNSUBSCRIBE, b"?" + topic)
        self.assertEqual(checksum(rows), frame.checksum)
        return frame, rows

    def test_books_are_asked_for_and_go_on_with_what_changes(self):
        subscriber = self.run_.socket(zmq.SUB, self.keys[3], self.run_.market_data)
        self.addCleanup(subscriber.close)
        subscriber.setsockopt(zmq.SUBSCRIBE, b"D00000001")
        first, rows = self.whole(subscriber, b"D00000001")
        self.assertEqual((first.product, rows), (1, set()))
        self.trade(3)
        frames = [first]
        levels = {}
        while levels.get((2, self.first, 1000)) != 7:
            self.assertTrue(subscriber.poll(PATIENCE * 1000), levels)
            topic, _, payload = subscriber.recv_multipart()
            self.assertEqual(topic, b"D00000001")
            frame = market_data_pb2.MarketDataFrame.FromString(payload)
            self.assertEqual(frame.stream_number, frames[-1].stream_number + 1)
            frames.append(frame)
            for run in frame.levels:
                for t in range(run.first_period, run.first_period + run.periods):
                    levels[run.side, t, run.price] = run.quantity
            stand = {level(*key, quantity) for key, quantity in levels.items() if quantity}
            self.assertEqual(checksum(stand), frame.checksum)
        request = b"?D00000001:%016x-%016x" % (frames[1].stream_number, frames[-1].stream_number)
        subscriber.setsockopt(zmq.SUBSCRIBE, request)
        again = []
        while not again or not again[-1].answer:
            self.assertTrue(subscriber.poll(PATIENCE * 1000))
            topic, _, payload = subscriber.recv_multipart()
            self.assertEqual(topic, request)
            again.append(market_data_pb2.MarketDataFrame.FromString(payload))
        self.assertEqual(again[-1].answer, market_data_pb2.STREAM_ANSWER_RANGE_END)
        self.assertEqual(again[:-1], frames[1:])
        later = b"?D00000001:%016x-%016x" % (frame.stream_number + 1, frame.stream_number + 9)
        subscriber.setsockopt(zmq.SUBSCRIBE, later)
        self.assertTrue(subscriber.poll(PATIENCE * 1000))
        answer = market_data_pb2.MarketDataFrame.FromString(subscriber.recv_multipart()[2])
        self.assertEqual(answer.answer, market_data_pb2.STREAM_ANSWER_NOT_KEPT)
        self.assertIn("snapshot", answer.reason)

    def test_books_are_the_same_after_a_restart(self):
        self.trade(3)
        before = []
        for _ in range(2):
            subscriber = self.run_.socket(zmq.SUB, self.keys[3], self.run_.market_data)
            books = [self.whole(subscriber, b"%c00000001" % kind) for kind in b"DSKGCP"]
            before.append(([rows for _, rows in books], {frame.epoch for frame, _ in books}))
            subscriber.close()
            if len(before) == 1:
                self.run_.restart_gateway()
        self.assertEqual(before[0][0], before[1][0])
        self.assertEqual([len(rows) for rows in before[0][0]][:2], [10, 10])
        self.assertGreaterEqual(len(before[0][0][2]), 3)
        self.assertGreaterEqual(len(before[0][0][4]), 30)  # 10 periods by minute, hour and day
        self.assertEqual(len(before[0][0][5]), 10)
        depth, grade = before[0][0][0], before[0][0][3]  # the only product of its grade
        self.assertEqual(grade - depth, {b"G" + struct.pack("<II", 1, 1)})
        self.assertEqual(depth - grade, set())
        self.assertEqual(len(before[0][1] | before[1][1]), 2)

    def test_a_conflated_stream_is_the_latest_book_now_and_then(self):
        subscriber = self.run_.socket(zmq.SUB, self.keys[3], self.run_.market_data)
        self.addCleanup(subscriber.close)
        start = time.monotonic()
        subscriber.setsockopt(zmq.SUBSCRIBE, b"~D00000001")
        self.assertTrue(subscriber.poll(PATIENCE * 1000))  # as it is, before anything changes
        self.trade(3)
        count, rows, last = 0, set(), -1
        while level(2, self.first, 1000, 7) not in rows:
            self.assertTrue(subscriber.poll(PATIENCE * 1000), rows)
            topic, _, payload = subscriber.recv_multipart()
            frame = market_data_pb2.MarketDataFrame.FromString(payload)
            self.assertEqual((topic, frame.answer), (b"~D00000001", market_data_pb2.STREAM_ANSWER_SNAPSHOT))
            self.assertGreater(frame.stream_number, last)
            rows, last, count = set(book_rows(frame)), frame.stream_number, count + 1
            self.assertEqual(checksum(rows), frame.checksum)
        self.assertLessEqual(count, 4 * (time.monotonic() - start) + 2)

    def test_who_asks_too_much_is_told_so_and_others_are_answered(self):
        greedy = self.run_.socket(zmq.SUB, self.keys[2], self.run_.market_data)
        other = self.run_.socket(zmq.SUB, self.keys[3], self.run_.market_data)
        self.addCleanup(greedy.close)
        self.addCleanup(other.close)
        answers = {}
        end = time.monotonic() + PATIENCE
        while market_data_pb2.STREAM_ANSWER_BUSY not in answers:
            self.assertLess(time.monotonic(), end)
            for _ in range(500):
                greedy.setsockopt(zmq.SUBSCRIBE, b"?D00000001")
                greedy.setsockopt(zmq.UNSUBSCRIBE, b"?D00000001")
            greedy.setsockopt(zmq.SUBSCRIBE, b"?D00000001")
            while greedy.poll(100):
                frame = market_data_pb2.MarketDataFrame.FromString(greedy.recv_multipart()[2])
                answers.setdefault(frame.answer, frame.limits)
            greedy.setsockopt(zmq.UNSUBSCRIBE, b"?D00000001")
        busy = answers[market_data_pb2.STREAM_ANSWER_BUSY]
        self.assertEqual((busy.answers_per_second, busy.answer_burst, busy.answers_left), (256, 2048, 0))
        self.whole(other, b"D00000001")

    def test_a_reader_that_stops_reading_holds_nobody_up(self):
        lazy, _ = self.opened(3)
        told, next_id = self.opened(3)
        for _ in range(15):  # 7,680 reports that nobody takes from its socket
            told.send(*[order(next_id + i, 1, 1) for i in range(256)])  # a closed period
            told.send(*[order(next_id + i, 1, 1) for i in range(256, 512)])
            for _ in range(4):
                self.assertEqual(told.wait("execution_report", 128)[-1].reject_name, "PERIOD_CLOSED")
            lazy.send(message(heartbeat={}))
        self.assertEqual(lazy.wait("execution_report", 15 * 512)[-1].reject_name, "PERIOD_CLOSED")

    def test_stop_tells_the_sessions(self):
        client = self.run_.client(self.keys[3])
        self.addCleanup(client.close)
        client.logon(receive=False)
        said = self.run_.stop(self.run_.gateway)
        self.assertIn("stopped after", said)
        self.assertEqual(client.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_RECOVERING)


class Silence(unittest.TestCase):
    SECONDS = 5

    def setUp(self):
        self.run_ = Run(silence_seconds=str(self.SECONDS))
        self.addCleanup(self.run_.close)
        self.keys, self.first = set_up_market(self.run_)

    def test_silence_ends_a_session_and_heartbeats_keep_it(self):
        silent, alive = self.run_.client(self.keys[3]), self.run_.client(self.keys[3])
        self.addCleanup(silent.close)
        self.addCleanup(alive.close)
        self.assertEqual(silent.logon(receive=False).silence_seconds, self.SECONDS)
        alive.logon(receive=False)
        heartbeats, end = 0, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            alive.send(message(heartbeat={}))
            if alive.receive(0.5):
                self.assertEqual(alive.messages.pop().WhichOneof("message"), "heartbeat")
                heartbeats += 1
            while silent.receive(0):
                pass
            if silent.messages and silent.messages[-1].WhichOneof("message") == "session_refused":
                break
        self.assertEqual(silent.messages[-1].session_refused.reason, session_pb2.SESSION_REFUSAL_SILENT)
        self.assertGreaterEqual(heartbeats, 2)

    def test_a_gateway_that_stood_still_calls_nobody_silent(self):
        # More clients than it reads from in a turn: it must not judge before it has read them all.
        keys = {number: Key() for number in range(4, 10)}
        operator = self.run_.client(self.run_.operator)
        last = operator.logon(receive=False).last_report
        operator.logon(next_report=last + 1)
        operator.send(*[registration(number, key) for number, key in keys.items()])
        operator.wait("command_result", len(keys))
        operator.close()
        clients = [self.run_.client(key) for key in keys.values() for _ in range(16)]
        beat = time.monotonic()
        for i, client in enumerate(clients):
            self.addCleanup(client.close)
            client.logon(receive=False)
            if time.monotonic() - beat > 1:  # so many logons take a while
                beat = time.monotonic()
                for earlier in clients[: i + 1]:
                    earlier.send(message(heartbeat={}))
        self.run_.gateway.send_signal(signal.SIGSTOP)
        for _ in range(self.SECONDS + 2):
            time.sleep(1)
            for client in clients:
                client.send(message(heartbeat={}))
        self.run_.gateway.send_signal(signal.SIGCONT)
        for client in clients:
            client.send(message(list_catalogue={"request": 7}))
        for client in clients:
            client.wait("catalogue_end")


class Overload(unittest.TestCase):
    def test_more_than_the_rate_is_busy_and_in_order(self):
        run = Run(messages_per_second="50", message_burst="200")
        self.addCleanup(run.close)
        keys, first = set_up_market(run)
        client = run.client(keys[3])
        self.addCleanup(client.close)
        client.logon()
        pending = list(range(1, 401))
        accepted, had_busy, end = [], 0, time.monotonic() + PATIENCE
        while pending:
            self.assertLess(time.monotonic(), end)
            for i in range(0, len(pending), 256):
                client.send(*[order(n, 1, first + n % 100) for n in pending[i : i + 256]])
            answers = set()
            while len(answers) < len(pending):
                self.assertTrue(client.receive())
                for m in client.messages:
                    if m.WhichOneof("message") == "busy":
                        had_busy += 1
                        answers.add(m.busy.client_order_id)
                    elif m.WhichOneof("message") == "execution_report":
                        self.assertEqual(m.execution_report.type, 1, m)
                        accepted.append(m.execution_report.client_order_id)
                        answers.add(m.execution_report.client_order_id)
                client.messages.clear()
            pending = [n for n in pending if n not in set(accepted)]
            select.select([], [], [], 0.2)  # the answer was: later
        self.assertEqual(accepted, list(range(1, 401)))
        self.assertGreater(had_busy, 0)


class Start(unittest.TestCase):
    """What a gateway says that cannot start."""

    @classmethod
    def setUpClass(cls):
        cls.run_ = Run()
        cls.addClassCleanup(cls.run_.close)

    def tearDown(self):
        self.run_.write_server_key(0o600)
        self.run_.configure()

    def test_a_port_in_use(self):
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for door in ("order_entry", "market_data"):
            self.run_.configure(**{door: f"tcp://127.0.0.1:{port}"})
            self.assertIn(f"127.0.0.1:{port}", self.run_.refused())

    def test_an_address_that_is_none(self):
        self.run_.configure(order_entry="carrier-pigeon://here")
        self.assertIn("carrier-pigeon", self.run_.refused())

    def test_another_market(self):
        self.run_.configure(market="other.example")
        said = self.run_.refused()
        self.assertIn("other.example", said)
        self.assertIn(MARKET, said)

    def test_a_key_that_others_can_read(self):
        self.run_.write_server_key(0o644)
        self.assertIn("gateway.key", self.run_.refused())

    def test_an_unknown_key_and_a_number_out_of_range(self):
        self.run_.configure(silence_second="5")
        self.assertIn("silence_seconds", self.run_.refused())
        self.run_.configure(sessions_max="0")
        self.assertIn("sessions_max", self.run_.refused())

    def test_more_sessions_than_open_files(self):
        self.run_.configure(sessions_max="1000")
        said = self.run_.refused(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1500, 1500)))
        self.assertIn("sessions_max = 1000 needs 2024 open files and the hard limit is 1500", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:], verbosity=1)
