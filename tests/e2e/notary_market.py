# SPDX-License-Identifier: Apache-2.0
"""A market without engine and gateway: a writer that holds a journal, and notaries that follow it."""

import os
import select
import signal
import subprocess
import tempfile
import time

import nacl.signing
import zmq

MARKET = "market.example"
PATIENCE = 90


def write_key(path, seed, name="notary"):
    """A key file as `petahour keygen` writes it; returns the public signing key in hex."""
    public, secret = zmq.curve_keypair()
    sign_public = nacl.signing.SigningKey(seed).verify_key.encode().hex()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
        f.write(f"name = {name}\ncurve_public = {public.decode()}\n")
        f.write(f"curve_secret = {secret.decode()}\n")
        f.write(f"sign_public = {sign_public}\nsign_seed = {seed.hex()}\n")
    return sign_public


class Market:
    """A temporary directory with keys, a configuration and a journal that is being written.

    programs: paths of write_journal, fetch_contracts, petahour-notary and petahour-audit.
    """

    def __init__(self, programs, rounds, log=False):
        self.write_journal, self.fetch_contracts, self.notary, self.auditor = programs
        self.folder = tempfile.TemporaryDirectory(prefix="petahour-")
        self.run = self.folder.name
        self.journal = f"{self.run}/journal"
        self.database = "dbname=nowhere"
        self.log = f"{self.run}/log" if log else ""
        self.link = f"ipc://{self.run}/notary.sock"
        self.key = write_key(f"{self.run}/notary.key", b"\5" * 32)
        self.configure()
        os.mkdir(f"{self.run}/contracts")
        self.writer = subprocess.Popen(
            [self.write_journal, self.journal, MARKET, self.key, str(rounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.contracts = int(self.writer.stdout.readline().split()[0])
        self.notaries = []

    def configure(self, market=MARKET, key_file="notary.key"):
        with open(f"{self.run}/petahour.ini", "w", encoding="ascii") as f:
            f.write(f"[market]\nname = {market}\ncurrency = USD\n[notary]\n")
            f.write(f"journal = {self.journal}\nkey_file = {self.run}/{key_file}\n")
            f.write(f"spool = {self.run}/notary.spool\nlink = {self.link}\n")
            f.write(f"ready_file = {self.run}/notary.ready\n")
            if self.log:
                f.write(f"log = {self.log}\n")
            f.write(f"[settle]\njournal = {self.journal}\ndatabase = {self.database}\n")

    def write_rounds(self, count):
        for _ in range(count):
            self.writer.stdin.write("\n")
            self.writer.stdin.flush()
            self.contracts = int(self.writer.stdout.readline().split()[0])

    def close_journal(self):
        if self.writer.stdin.closed:
            return
        self.writer.stdin.close()
        self.writer.stdout.close()
        self.writer.wait(PATIENCE)

    def start_notary(self):
        """A notary that is ready; fails if it ends instead."""
        ready = f"{self.run}/notary.ready"
        if os.path.exists(ready):
            os.unlink(ready)
        # A pipe that nobody reads stops who writes to it when it is full.
        log = f"{self.run}/notary.{len(self.notaries)}.log"
        with open(log, "wb") as file:
            notary = subprocess.Popen([self.notary, "--config", f"{self.run}/petahour.ini"], stderr=file)
        notary.stderr = open(log, "rb")
        self.notaries.append(notary)
        end = time.monotonic() + PATIENCE
        while not os.path.exists(ready):
            if notary.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the notary is not ready: {notary.stderr.read()}")
            select.select([], [], [], 0.01)
        return notary

    def refused_notary(self):
        """What a notary says that must not start."""
        ended = subprocess.run(
            [self.notary, "--config", f"{self.run}/petahour.ini"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ended.returncode == 1, ended
        return ended.stderr

    def fetch(self, first, last):
        subprocess.run([self.fetch_contracts, self.link, str(first), str(last), f"{self.run}/contracts"], check=True)
        return [f"{self.run}/contracts/{n}.json" for n in range(first, last + 1)]

    def audit(self, *args):
        return subprocess.run([self.auditor, *args], capture_output=True, text=True, timeout=PATIENCE, check=False)

    def close(self):
        for notary in self.notaries:
            if notary.poll() is None:
                notary.kill()
            notary.wait()
            notary.stderr.close()
        self.close_journal()
        self.folder.cleanup()


def stop(notary):
    notary.send_signal(signal.SIGTERM)
    return notary.wait(PATIENCE)


def read(path):
    with open(path, "rb") as f:
        return f.read()
