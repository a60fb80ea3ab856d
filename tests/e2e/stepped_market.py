# SPDX-License-Identifier: Apache-2.0
"""A real engine whose steps are numbered (steps.c), a real gateway, and whoever listens to them: a
script is traded through them to its end, however often the engine stops, and everything that
anybody was told is kept and compared."""

import configparser
import os
import struct
import subprocess
import tempfile
import time

import nacl.signing
import stepped
import zmq
from test_gateway import HOUR, MARKET, Client, Key, logon, message, order, session_pb2
from zmq.utils import z85

PATIENCE = 90
START = 464000 * HOUR * 10**9  # what the engine's clock says when a script begins
FIRST = 464010  # the first period that is traded
# The engine was lost; what was sent before that was seen came to a session that was none any more.
ENDED = (session_pb2.SESSION_REFUSAL_RECOVERING, session_pb2.SESSION_REFUSAL_NOT_LOGGED_ON)
TABLES = {
    "participants_max": 8, "sites_max": 2, "hardware_max": 2, "products_max": 2, "pools_max": 4,
    "ring_periods": 64, "orders_max": 256, "order_periods_max": 4096, "blocks_max": 64,
    "contracts_max": 1024, "references_max": 64, "terms_max": 8, "deliveries_max": 4096,
    "lots_max": 4096, "disputes_max": 16, "probes_max": 16, "levels_max": 4096,
}  # fmt: skip

# Messages of the private stream: outcomes, and notices that nobody waits for.
STREAM = ("execution_report", "command_result", "delivery_notice", "delivery_final", "access_handed_over", "cash_movements")


class Names:
    """The keys of a sweep: the same in all of its runs, because they are in the journal."""

    def __init__(self):
        self.keys = {name: Key() for name in ("operator", "supplier", "buyer")}
        self.server = Key()


def script(names):
    """Steps of (seconds that pass before, who, messages of one frame)."""
    product = {
        "id": 1, "symbol": "AI.H100", "compute_type": 2, "architecture": 7, "model": "H100", "unit": "card",
        "hardware": 1, "hardware_units": 1, "site": 1, "availability_ppm": 990000, "period_seconds": HOUR,
        "tick": 1, "lot": 1, "quantity_max": 1000, "block_periods_max": 48, "horizon": 60,
        "gate_seconds": HOUR, "maker_ppm": 500, "taker_ppm": 1500, "fee_at_trade_ppm": 200000,
        "report_seconds": 60, "dispute_seconds": 60, "resolve_seconds": 60,
        "reference_price": 1000, "terms_hash": b"\7" * 32,
    }  # fmt: skip

    def person(number, name, roles):
        key = z85.decode(names.keys[name].public)
        what = {"request": number, "id": number, "roles": roles, "name": name, "curve_key": key}
        return message(register_participant={**what, "sign_key": bytes([number]) * 32})

    site = {"request": 4, "id": 1, "owner": 2, "region": "hub", "name": "site", "pue_ppm": 1100000}
    capacity = {
        "request": 9, "reference": 1, "site": 1, "hardware": 1, "period_seconds": HOUR,
        "first_period": FIRST - 6, "periods": 50, "units": 100,
    }  # fmt: skip
    money = [{"request": 5 + n, "participant": n, "amount": 10**12, "reference": f"bank {n}"} for n in (2, 3)]
    steps = [
        (0, "operator", [person(2, "supplier", 1)]),
        (1, "operator", [person(3, "buyer", 2)]),
        (1, "operator", [message(register_site=site), message(register_hardware={"request": 6, "id": 1, "name": "H"})]),
        (1, "operator", [message(list_product={"request": 10, "product": product})]),
        (1, "operator", [message(deposit=m) for m in money]),
        (1, "supplier", [message(register_capacity=capacity)]),
    ]
    for n in range(1, 8):  # what trades, what rests, what is refused
        steps += [
            (1, "supplier", [order(2 * n - 1, 2, FIRST + n, 4, 5, 1000 + n), order(2 * n, 2, FIRST + n, 2, 3, 1010)]),
            (1, "buyer", [order(2 * n - 1, 1, FIRST + n, 3, 4, 1005 + n)]),
            (1, "buyer", [order(2 * n, 1, FIRST + n, 3, 0 if n % 3 == 0 else 2, 900)]),
        ]
    block = order(100, 1, FIRST + 2, 6, 1, 1200, all_or_none=True)
    block.new_order.shape = 2
    short = order(101, 1, FIRST + 20, 2, 1, 700, expire_at=START + 4 * HOUR * 10**9)
    short.new_order.time_in_force = 2
    return steps + [
        (1, "buyer", [block]),
        (1, "buyer", [short]),
        (1, "supplier", [order(50, 2, FIRST - 5, 8, 2, 1500)]),
        (5 * HOUR, "supplier", [order(51, 2, FIRST + 9, 1, 1, 2000)]),  # gates closed, an order expired
        (1, "supplier", [message(cancel_order={"request": 20, "client_order_id": 51})]),
        (1, "operator", [message(set_phase={"request": 21, "product": 1, "phase": 3})]),
        (1, "buyer", [order(102, 1, FIRST + 9, 1, 1, 2000)]),  # the product is halted
        (1, "operator", [message(set_phase={"request": 22, "product": 1, "phase": 1})]),
        (1, "buyer", [order(103, 1, FIRST + 3, 2, 5, 2000)]),
        (1, "buyer", [message(mass_cancel={"request": 23})]),
        (1, "supplier", [message(mass_cancel={"request": 24})]),
    ]


class Listener:
    """A participant: sends exactly once, keeps every numbered message of its private stream."""

    def __init__(self, run, name):
        self.run, self.name = run, name
        self.told = {}
        self.client = None

    def close(self):
        if self.client is not None:
            self.client.close()
        self.client = None

    def keep(self, m):
        """A message of the stream; a number is told once, or again with the same bytes."""
        key = {"CommandResult": lambda: ("r", m.request), "ExecutionReport": lambda: ("o", m.client_order_id)}.get(
            m.DESCRIPTOR.name, lambda: ("n", m.stream_number)
        )()
        what = (key, m.SerializeToString(deterministic=True))
        was = self.told.setdefault(m.stream_number, what)
        assert was == what, f"{self.name} was told two things under number {m.stream_number}"
        return key

    def take(self):
        """Takes what has come; (outcomes, keys of what was busy, whether the session ended)."""
        outcomes, busy, ended = set(), set(), False
        while self.client.receive(0):
            pass
        for m in self.client.messages:
            kind = m.WhichOneof("message")
            content = getattr(m, kind)
            if kind in STREAM:
                outcomes.add(self.keep(content))
            elif kind == "busy":
                busy.add(("r", content.request) if content.request else ("o", content.client_order_id))
            elif kind == "session_refused":
                assert content.reason in ENDED, content
                ended = True
            else:
                assert kind in ("heartbeat", "logon_accepted"), kind
        self.client.messages.clear()
        return outcomes, busy, ended

    def log_on(self):
        """A session whose stream is read to its end; returns whatever has an outcome."""
        while True:
            self.close()
            self.client = self.run.client(self.run.names.keys[self.name])
            self.client.send(logon(len(self.told) + 1))
            accepted = refused = None
            while accepted is None and refused is None:
                self.run.wait([self.client.socket])
                self.client.receive(0)
                found = {m.WhichOneof("message"): m for m in self.client.messages}
                accepted, refused = found.get("logon_accepted"), found.get("session_refused")
            if refused is not None:
                assert refused.session_refused.reason in ENDED, refused
                self.run.wait([], 0.01)
                continue
            last, ended = accepted.logon_accepted.last_report, False
            while True:
                _, _, ended = self.take()
                if ended or len(self.told) >= last:
                    break
                self.run.wait([self.client.socket])
            assert sorted(self.told) == list(range(1, len(self.told) + 1)), "a number of the stream is missing"
            if not ended:
                return {key for key, _ in self.told.values()}

    def send(self, messages):
        """Sends a frame until every message of it has its outcome."""
        waiting = {key_of(m): m for m in messages}
        has_session = self.client is not None
        while waiting:
            if not has_session:
                for key in self.log_on():
                    waiting.pop(key, None)
            has_session = True
            if not waiting:
                return
            self.client.send(*waiting.values())
            unanswered = set(waiting)
            while unanswered and has_session:
                self.run.wait([self.client.socket])
                outcomes, busy, ended = self.take()
                for key in outcomes:
                    waiting.pop(key, None)
                unanswered -= outcomes | busy
                has_session = not ended
            if waiting and has_session:
                self.run.wait([], 0.01)


def key_of(m):
    content = getattr(m, m.WhichOneof("message"))
    return ("o", content.client_order_id) if m.HasField("new_order") else ("r", content.request)


class Run:
    """One life of a market, from an empty directory to the end of the script.

    plan: for each start of the engine in turn what steps.c shall do (environment); the later ones
    run undisturbed.  died: the exit status of every engine that ended by itself.
    """

    def __init__(self, programs, names, plan=()):
        self.engine_program, self.gateway_program, self.library = programs
        self.names, self.plan = names, list(plan)
        self.folder = tempfile.TemporaryDirectory(prefix="petahour-")
        self.path = self.folder.name
        self.journal = f"{self.path}/journal"
        self.context = zmq.Context()
        self.died, self.engine, self.gateway = [], None, None
        self.starts = 0
        self.now = START
        self.set_clock(0)
        self.write_configuration()
        self.listeners = {name: Listener(self, name) for name in names.keys}
        self.tap = stepped.Tap(self.context, f"ipc://{self.path}/engine.sock")

    def write_configuration(self):
        ini = configparser.RawConfigParser()
        ini["market"] = {"name": MARKET, "currency": "USD"}
        ini["engine"] = {
            "journal": self.journal,
            "spool": f"{self.path}/engine.spool",
            "link": f"ipc://{self.path}/engine.sock",
            "operator_name": "operator",
            "operator_curve_key": self.names.keys["operator"].public.decode(),
            "operator_sign_key": "33" * 32,
            "notary_sign_key": "44" * 32,
            "ready_file": f"{self.path}/engine.ready",
            "segment_kib": 64,
            **TABLES,
        }
        ini["gateway"] = {
            "engine_link": f"ipc://{self.path}/engine.sock",
            "notary_link": f"ipc://{self.path}/notary.sock",
            "key_file": f"{self.path}/gateway.key",
            "order_entry": "tcp://127.0.0.1:*",
            "market_data": "tcp://127.0.0.1:*",
            "ready_file": f"{self.path}/gateway.ready",
            "silence_seconds": 60,
        }
        path = f"{self.path}/petahour.ini"
        with open(path, "w", encoding="ascii") as f:
            ini.write(f)
        known = subprocess.run([self.engine_program, "--config", path, "--print-config"], capture_output=True, check=True)
        if b"snapshot_every" in known.stdout:  # often, so that their steps are among the others
            ini["engine"].update({"snapshot_every": "12", "snapshots_kept": "1"})
            with open(path, "w", encoding="ascii") as f:
                ini.write(f)
        server, seed = self.names.server, nacl.signing.SigningKey(b"\2" * 32)
        path = f"{self.path}/gateway.key"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
            f.write(f"name = gateway\ncurve_public = {server.public.decode()}\n")
            f.write(f"curve_secret = {server.secret.decode()}\n")
            f.write(f"sign_public = {seed.verify_key.encode().hex()}\nsign_seed = {seed.encode().hex()}\n")

    def set_clock(self, seconds):
        self.now += seconds * 10**9
        with open(os.open(f"{self.path}/clock", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(struct.pack("=Q", self.now))

    # ---- Processes ---------------------------------------------------------------------------

    def start_engine(self):
        """Begins a life of the engine, with the next part of the plan."""
        plan = self.plan[self.starts] if self.starts < len(self.plan) else {}
        environment = stepped.environment(self.library, f"{self.path}/trace.{self.starts}", plan)
        environment["STEPS_CLOCK"] = f"{self.path}/clock"
        self.starts += 1
        if os.path.exists(f"{self.path}/engine.ready"):
            os.unlink(f"{self.path}/engine.ready")
        with open(f"{self.path}/engine.log", "a", encoding="utf-8") as log:
            config = ["--config", f"{self.path}/petahour.ini"]
            self.engine = subprocess.Popen([self.engine_program, *config], stderr=log, env=environment)

    def tend(self):
        """An engine that ended is started again, as whoever operates it would."""
        if self.engine is None or self.engine.poll() is None:
            return
        self.died.append(self.engine.returncode)
        assert len(self.died) <= len(self.plan), f"the engine ended with {self.died}: {self.log('engine')}"
        self.start_engine()

    def wait(self, sockets, seconds=0.2):
        """Until there is something to read, or the time is over; looks after everything else."""
        poller = zmq.Poller()
        for s in [*sockets, self.tap.socket]:
            poller.register(s, zmq.POLLIN)
        poller.poll(seconds * 1000 if sockets else 1)
        if not sockets:
            time.sleep(seconds)
        self.tap.take()
        self.tend()
        assert self.gateway is None or self.gateway.poll() is None, self.log("gateway")
        assert time.monotonic() < self.end, f"nothing goes on: {self.log('engine')}{self.log('gateway')}"

    def wait_for(self, name):
        while not os.path.exists(f"{self.path}/{name}.ready"):
            self.wait([], 0.005)

    def start_gateway(self):
        if os.path.exists(f"{self.path}/gateway.ready"):
            os.unlink(f"{self.path}/gateway.ready")
        with open(f"{self.path}/gateway.log", "a", encoding="utf-8") as log:
            config = ["--config", f"{self.path}/petahour.ini"]
            self.gateway = subprocess.Popen([self.gateway_program, *config], stderr=log)
        self.wait_for("gateway")
        with open(f"{self.path}/gateway.ready", encoding="ascii") as f:
            self.order_entry = dict(line.split(" = ", 1) for line in f.read().splitlines())["order_entry"]

    def stop_gateway(self):
        for listener in self.listeners.values():
            listener.close()
        self.gateway.terminate()
        assert self.gateway.wait(PATIENCE) == 0, self.log("gateway")
        self.gateway = None

    def stop_engine(self):
        """In order, unless the plan has it otherwise: then the next life begins and ends."""
        while True:
            self.engine.terminate()
            code = self.engine.wait(PATIENCE)
            if code == 0:
                self.engine = None
                return
            self.died.append(code)
            assert len(self.died) <= len(self.plan), self.log("engine")
            self.start_engine()
            self.wait_for("engine")

    def log(self, name):
        path = f"{self.path}/{name}.log"
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as f:
            return f.read()

    def socket(self, kind, key, endpoint, routing_id=None):
        s = self.context.socket(kind)
        s.linger = 0
        s.curve_publickey, s.curve_secretkey = key.public, key.secret
        s.curve_serverkey = self.names.server.public
        s.connect(endpoint)
        return s

    def client(self, key):
        return Client(self, key)

    # ---- The run -----------------------------------------------------------------------------

    def trade(self, steps):
        """The script to its end; then everything is told once more by an engine and a gateway that
        know nothing but the journal, and nothing of it is another thing."""
        self.end = time.monotonic() + PATIENCE
        self.start_engine()
        self.wait_for("engine")
        self.start_gateway()
        for seconds, who, messages in steps:
            self.set_clock(seconds)
            self.listeners[who].send(messages)
        self.stop_gateway()
        self.stop_engine()
        self.start_engine()
        self.wait_for("engine")
        self.start_gateway()
        again = {name: Listener(self, name) for name in self.listeners}
        for name, listener in again.items():
            listener.log_on()
            assert listener.told == self.listeners[name].told, f"{name} is told another stream"
        self.listeners = again
        while not self.tap.items or max(self.tap.items) < self.last():
            self.wait([self.tap.socket])
        self.stop_gateway()
        self.stop_engine()
        return self

    def last(self):
        """The last record that the engine said it has."""
        with open(f"{self.path}/engine.ready", encoding="ascii") as f:
            return int(dict(line.split(" = ", 1) for line in f.read().splitlines())["last"])

    def steps(self, life=0):
        """(number, kind, size, name) of the steps of a life of the engine."""
        return stepped.steps(f"{self.path}/trace.{life}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in (self.engine, self.gateway):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        for listener in self.listeners.values():
            listener.close()
        self.context.destroy(linger=0)
        self.folder.cleanup()
