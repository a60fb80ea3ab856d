# SPDX-License-Identifier: Apache-2.0
"""A door between libpq and PostgreSQL that can be slammed at any message of the client.

Both sides are unix sockets.  The proxy reads the client's messages one by one and asks `judge` what
to do with each before it goes on; what the server says goes through untouched."""

import os
import pathlib
import select
import shutil
import socket
import struct
import tempfile
import threading

PASS, CUT, CUT_AFTER, CUT_ANSWERED = "pass", "cut", "cut after", "cut answered"
ANSWER_S = 10


class Proxy:
    """judge(kind, body) is called for each message: PASS; CUT: the message is lost and both
    connections end; CUT_AFTER: the server gets it, and then both end; CUT_ANSWERED: the same after
    the server has answered, but the answer is lost."""

    def __init__(self, server_folder):
        self.server = str(pathlib.Path(server_folder) / ".s.PGSQL.5432")
        self.folder = tempfile.mkdtemp(prefix="ph-cut-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.judge = lambda kind, body: PASS
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.folder + "/.s.PGSQL.5432")
        self.listener.listen()
        self.is_closed = False
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.is_closed = True
        self.listener.close()
        shutil.rmtree(self.folder)

    def accept(self):
        while not self.is_closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.server)
            self.relay(client, server)
        except OSError:
            pass  # one side is gone, so the other has to go
        finally:
            client.close()
            server.close()

    def relay(self, client, server):
        pending, is_started = b"", False
        while True:
            for side in select.select([client, server], [], [])[0]:
                chunk = side.recv(1 << 16)
                if not chunk:
                    return
                if side is server:
                    client.sendall(chunk)
                    continue
                pending += chunk
                while True:
                    # The first message of a connection has no kind.
                    head = 5 if is_started else 4
                    if len(pending) < head:
                        break
                    size = struct.unpack("!i", pending[head - 4:head])[0] + head - 4
                    if len(pending) < size:
                        break
                    message, pending = pending[:size], pending[size:]
                    kind = message[:1].decode() if is_started else "startup"
                    is_started = True
                    if not self.forward(server, kind, message, head):
                        return

    def forward(self, server, kind, message, head):
        verdict = self.judge(kind, message[head:])
        if verdict == CUT:
            return False
        server.sendall(message)
        if verdict == CUT_ANSWERED:
            select.select([server], [], [], ANSWER_S)
        return verdict == PASS
