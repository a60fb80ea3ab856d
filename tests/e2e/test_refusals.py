#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway that refuses every session: what the client library makes of each reason.

usage: test_refusals.py CLIENT_REFUSED PETAHOUR_CLIENT_PY PETAHOUR
"""

import os
import subprocess
import sys
import tempfile
import threading
import unittest

import zmq

PROGRAM, CLIENT, PETAHOUR = sys.argv[1:4]
sys.path.insert(0, os.path.dirname(CLIENT))
from petahour_client import FROM_GATEWAY, MESSAGES  # noqa: E402

FRAME, FROM_CLIENT = MESSAGES["petahour.v1.GatewayFrame"], MESSAGES["petahour.v1.ClientFrame"]
REASONS = FRAME.DESCRIPTOR.file.pool.FindEnumTypeByName("petahour.v1.SessionRefusal").values_by_name
FINAL = {"VERSION", "MALFORMED", "TAKEN_OVER", "NOT_ALLOWED"}
PATIENCE = 60
ACCEPTED = {"participant": 3, "market": "market.example", "currency": "USD", "silence_seconds": 15,
            "notary_sign_key": b"\4" * 32}  # fmt: skip


class Refusing:
    """Answers each Logon with a refusal, which may come after LogonAccepted."""

    def __init__(self, folder, reason, accepts):
        self.reason, self.accepts, self.ends = reason, accepts, False
        self.context = zmq.Context()
        public, secret = zmq.curve_keypair()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger, self.socket.curve_server = 0, True
        self.socket.curve_publickey, self.socket.curve_secretkey = public, secret
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.ready_file = f"{folder}/gateway.ready"
        with open(self.ready_file, "w", encoding="ascii") as f:
            f.write(f"order_entry = tcp://127.0.0.1:{port}\nserver_key = {public.decode()}\n")
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def close(self):
        self.ends = True
        self.thread.join()
        self.context.destroy(linger=0)

    def serve(self):
        while not self.ends:
            if not self.socket.poll(10):
                continue
            who, _, payload = self.socket.recv_multipart()
            for m in FROM_CLIENT.FromString(payload).messages:
                if m.WhichOneof("message") != "logon":
                    continue
                words = [{"logon_accepted": ACCEPTED}] if self.accepts else []
                words.append({"session_refused": {"reason": self.reason, "text": "no, and this is why"}})
                self.socket.send_multipart([who, FROM_GATEWAY, FRAME(messages=words).SerializeToString()])


class Refusals(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="petahour-refusals-")
        self.addCleanup(folder.cleanup)
        self.folder, self.key = folder.name, f"{folder.name}/client.key"
        subprocess.run([PETAHOUR, "keygen", "--name", "client", "--out", self.key], check=True, capture_output=True)

    def told(self, reason, accepts=False, seconds=PATIENCE):
        """What the client says at the end: its state, refusals, and the library's sentence."""
        gateway = Refusing(self.folder, reason, accepts)
        try:
            done = subprocess.run([PROGRAM, gateway.ready_file, self.key, str(seconds)], capture_output=True,
                                  text=True, timeout=2 * PATIENCE, check=False)  # fmt: skip
        finally:
            gateway.close()
        self.assertEqual(done.returncode, 0, done.stderr)
        state, count, last, text = done.stdout.split(maxsplit=3)
        self.assertEqual(int(last), reason)
        return state, int(count), text

    def test_what_would_be_refused_again_ends_the_client(self):
        for name in FINAL:
            for accepts in (False, True):
                with self.subTest(name=name, accepts=accepts):
                    state, count, text = self.told(REASONS[f"SESSION_REFUSAL_{name}"].number, accepts)
                    self.assertEqual((state, count), ("stopped", 1))
                    self.assertIn("no, and this is why", text)

    def test_a_number_that_does_not_exist_may_exist_in_a_moment(self):
        state, count, text = self.told(REASONS["SESSION_REFUSAL_STREAM_NUMBER"].number)
        self.assertEqual((state, count), ("stopped", 8))
        self.assertIn("no, and this is why", text)

    def test_who_comes_back_waits_longer_each_time(self):
        """Also when the logon is accepted each time: 50 ms, then twice as long, make seven in four seconds."""
        others = {n.removeprefix("SESSION_REFUSAL_") for n in REASONS} - FINAL - {"UNSPECIFIED", "STREAM_NUMBER"}
        for name in sorted(others):
            accepts = name in ("RECOVERING", "SILENT", "NOT_READING")
            with self.subTest(name=name, accepts=accepts):
                state, count, _ = self.told(REASONS[f"SESSION_REFUSAL_{name}"].number, accepts, seconds=4)
                self.assertEqual(state, "going")
                self.assertIn(count, range(2, 8))

    def test_a_reason_of_a_later_gateway(self):
        state, count, _ = self.told(99, seconds=2)
        self.assertEqual(state, "going")
        self.assertIn(count, range(2, 8))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
