# SPDX-License-Identifier: Apache-2.0
"""A door between libpq and PostgreSQL that can be slammed at any message of the client, or within one,
or that nothing comes through any more.

The server's side is a unix socket, the client's one too or TCP.  The proxy reads the client's messages
one by one and asks `judge` what to do with each before it goes on; what the server says goes through
untouched, but for the answer that `judge` had cut."""

import os
import pathlib
import select
import shutil
import socket
import struct
import tempfile
import threading

PASS, CUT, CUT_AFTER, CUT_ANSWERED = "pass", "cut", "cut after", "cut answered"
CUT_WITHIN, CUT_WITHIN_ANSWER = "cut within", "cut within answer"
SILENT, SILENT_WITHIN, SILENT_ANSWERED = "silent", "silent within", "silent answered"
ANSWER_S = 10
ENCRYPT = struct.pack("!i", 80877103), struct.pack("!i", 80877104)  # TLS, GSS: the server says no


class Proxy:
    """judge(kind, body) is called for each message: PASS; CUT: the message is lost and both
    connections end; CUT_AFTER: the server gets it, and then both end; CUT_ANSWERED: the same after
    the server has answered, but the answer is lost; CUT_WITHIN: the server gets half of the message;
    CUT_WITHIN_ANSWER: the client gets half of the answer.  SILENT, SILENT_WITHIN, SILENT_ANSWERED:
    the same as those, but nothing ends: from then on not a byte goes through, and neither side is
    told when the other one closes."""

    def __init__(self, server_folder, is_tcp=False):
        self.server = str(pathlib.Path(server_folder) / ".s.PGSQL.5432")
        self.folder = tempfile.mkdtemp(prefix="ph-cut-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.judge = lambda kind, body: PASS
        if is_tcp:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.host = f"127.0.0.1 port={self.listener.getsockname()[1]}"
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.folder + "/.s.PGSQL.5432")
            self.listener.listen()
            self.host = self.folder
        self.is_closed = False
        self.silent = []  # sockets that nobody serves any more
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.is_closed = True
        self.listener.close()
        for side in self.silent:
            side.close()
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
            if self.relay(client, server):
                self.silent += [client, server]
                return
        except OSError:
            pass  # one side is gone, so the other has to go
        client.close()
        server.close()

    def relay(self, client, server):
        """Until one side ends or a message is cut; whether both are then left alone."""
        pending, is_started = b"", False
        while True:
            for side in select.select([client, server], [], [])[0]:
                chunk = side.recv(1 << 16)
                if not chunk:
                    return False
                if side is server:
                    client.sendall(chunk)
                    continue
                pending += chunk
                while True:
                    # The first message of a connection has no kind, nor what is asked before it.
                    head = 5 if is_started else 4
                    if len(pending) < head:
                        break
                    size = struct.unpack("!i", pending[head - 4:head])[0] + head - 4
                    if len(pending) < size:
                        break
                    message, pending = pending[:size], pending[size:]
                    kind = message[:1].decode() if is_started else "startup"
                    is_started |= message[4:8] not in ENCRYPT
                    verdict = self.judge(kind, message[head:])
                    self.forward(client, server, message, verdict)
                    if verdict != PASS:
                        return verdict in (SILENT, SILENT_WITHIN, SILENT_ANSWERED)

    def forward(self, client, server, message, verdict):
        if verdict in (CUT_WITHIN, SILENT_WITHIN):
            message = message[:(len(message) + 1) // 2]
        if verdict not in (CUT, SILENT):
            server.sendall(message)
        if verdict in (CUT_ANSWERED, CUT_WITHIN_ANSWER, SILENT_ANSWERED):
            select.select([server], [], [], ANSWER_S)
        if verdict == CUT_WITHIN_ANSWER:
            answer = server.recv(1 << 16)
            client.sendall(answer[:(len(answer) + 1) // 2])
