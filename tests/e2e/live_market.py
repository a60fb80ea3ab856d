# SPDX-License-Identifier: Apache-2.0
"""A market of real processes in a temporary directory, for tests that talk to it from outside."""

import functools
import json
import os
import signal
import subprocess
import tempfile
import time

MARKET = "market.example"
PATIENCE = 60
HASH = "ab" * 32


class Market:
    """Engine, notary and gateway.

    programs: paths of petahour, petahour-engine, petahour-notary, petahour-gateway and, if questions
    are asked, petahour-replica, and, with a database, petahour-settle; journal: its directory, if not
    below the temporary one; engine, gateway: more lines for their configuration; each: more lines for
    all; settle: the lines of its section; options: of the daemons.
    """

    def __init__(self, programs, journal=None, engine="", gateway="", each="", settle="", options=()):
        self.petahour = programs[0]
        self.daemons = dict(zip(["engine", "notary", "gateway", "replica", "settle"], programs[1:]))
        self.each, self.settle, self.options = each, settle, options
        self.more = engine
        self.more_gateway = gateway
        self.folder = tempfile.TemporaryDirectory(prefix="ph")
        self.run = self.folder.name
        self.processes = {}
        self.keys = {}
        self.journal = journal or f"{self.run}/journal"
        os.mkdir(self.journal)
        for name in ["operator", "notary", "gateway", "supplier", "buyer", "stranger"]:
            self.keys[name] = self.cli("keygen", "--name", name, "--out", self.key(name))
        self.configure()
        for name in ["engine", "notary", "replica", "settle", "gateway"]:
            if name in self.daemons:
                self.start(name)

    def key(self, name):
        return f"{self.run}/{name}.key"

    def configure(self):
        run, op = self.run, self.keys["operator"]
        with open(f"{run}/petahour.ini", "w", encoding="ascii") as f:
            f.write(
                f"[market]\nname = {MARKET}\ncurrency = USD\n"
                f"[engine]\njournal = {self.journal}\nspool = {run}/engine.spool\n"
                f"link = ipc://{run}/engine.sock\noperator_name = operator\n"
                f"operator_curve_key = {op['curve_public']}\n"
                f"operator_sign_key = {op['sign_public']}\n"
                f"notary_sign_key = {self.keys['notary']['sign_public']}\n"
                f"ready_file = {run}/engine.ready\n{self.each}{self.more}"
                f"[notary]\njournal = {self.journal}\nkey_file = {run}/notary.key\n"
                f"spool = {run}/notary.spool\nlink = ipc://{run}/notary.sock\n"
                f"ready_file = {run}/notary.ready\n{self.each}"
                f"[gateway]\nengine_link = ipc://{run}/engine.sock\n"
                f"notary_link = ipc://{run}/notary.sock\nkey_file = {run}/gateway.key\n"
                f"order_entry = tcp://127.0.0.1:*\nmarket_data = tcp://127.0.0.1:*\n"
                f"ready_file = {run}/gateway.ready\nreplica_link = ipc://{run}/replica.sock\n{self.each}"
                f"{self.more_gateway}"
                f"[replica]\njournal = {self.journal}\nlink = ipc://{run}/replica.sock\n"
                f"ready_file = {run}/replica.ready\n{self.each}"
                f"[settle]\njournal = {self.journal}\nready_file = {run}/settle.ready\n{self.each}{self.settle}"
            )

    def start(self, name):
        """A daemon with a configuration of its own reads NAME.ini, the others petahour.ini."""
        ready = f"{self.run}/{name}.ready"
        ini = f"{self.run}/{name}.ini"
        if not os.path.exists(ini):
            ini = f"{self.run}/petahour.ini"
        if os.path.exists(ready):
            os.unlink(ready)
        with open(f"{self.run}/{name}.log", "a", encoding="utf-8") as log:
            self.processes[name] = subprocess.Popen(
                [self.daemons[name], "--config", ini, *self.options], stderr=log
            )
        end = time.monotonic() + PATIENCE
        while not os.path.exists(ready):
            assert self.processes[name].poll() is None, self.log(name)
            assert time.monotonic() < end, f"{name} is not ready: " + self.log(name)
            time.sleep(0.01)

    def log(self, name):
        """Whole lines: of one that is being written there may be a part."""
        with open(f"{self.run}/{name}.log", encoding="utf-8", errors="replace") as f:
            text = f.read()
        return text[: text.rfind("\n") + 1]

    def kill(self, name, how=signal.SIGKILL):
        p = self.processes.pop(name)
        p.send_signal(how)
        return p.wait(PATIENCE)

    def close(self):
        last = ["gateway", "replica", "notary", "engine"]
        for name in [*(n for n in self.processes if n not in last), *last]:
            if name in self.processes:
                self.kill(name, signal.SIGTERM)
        self.folder.cleanup()

    def raw(self, *words, key=None, connect=None):
        command = [self.petahour, *words]
        environment = dict(os.environ)
        environment.pop("PETAHOUR_KEY", None)
        environment["PETAHOUR_CONNECT"] = connect or f"{self.run}/gateway.ready"
        if key is not None:
            environment["PETAHOUR_KEY"] = self.key(key)
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def cli(self, *words, key=None):
        done = self.raw(*words, "--json", key=key)
        assert done.returncode == 0, f"{words}: {done.returncode} {done.stderr}"
        return json.loads(done.stdout)


@functools.cache
def first_period():
    """A period that stays open for the whole test, the same whenever it is asked for."""
    return int(time.time()) // 3600 + 8


def start_of(period):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(period * 3600))


def register(m):
    """A supplier and a buyer with money, one product, and capacity for two days."""
    op = {"key": "operator"}
    for name in ["supplier", "buyer"]:
        m.cli("participant", "register", "--name", name, "--roles", name, "--of", m.key(name), **op)
        m.cli("deposit", "--participant", name, "--amount", "1000000", "--reference", name, **op)
    m.cli("site", "register", "--name", "site-1", "--owner", "supplier", "--region", "r1",
          "--latitude", "40.99", "--longitude", "-113.13", **op)  # fmt: skip
    m.cli("hardware", "register", "--name", "H100", **op)
    m.cli("product", "create", "--symbol", "AI.H100.1", "--model", "H100", "--site", "site-1",
          "--hardware", "H100", "--reference-price", "2.5", "--terms-hash", HASH, **op)  # fmt: skip
    m.cli("capacity", "register", "--site", "site-1", "--hardware", "1", "--from",
          start_of(first_period()), "--periods", "48", "--units", "64", "--reference", "1",
          key="supplier")  # fmt: skip
