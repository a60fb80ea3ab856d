# SPDX-License-Identifier: Apache-2.0
"""A ZMTP 3.1 client with CURVE (RFC 37, RFC 26) over a plain socket: what no ZeroMQ library lets one send.

It can send commands, messages of any number of parts, cut anywhere, and end its connection by a reset.
"""

import os
import socket
import struct
import time

import nacl.bindings as nb
from nacl.public import Box, PrivateKey, PublicKey
from zmq.utils import z85

MORE, COMMAND = 1, 2  # flags of what is inside a MESSAGE
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" + bytes(31)
PING = b"\4PING\0\0"


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def shaken(*of, patience=30, **more):
    """A RawClient; a gateway that is kept busy may give a handshake up, which is then begun again."""
    end = time.monotonic() + patience
    while True:
        try:
            return RawClient(*of, patience=patience, **more)
        except ConnectionRefusedError:
            raise
        except ConnectionError:
            if time.monotonic() > end:
                raise


class RawClient:
    """One connection, after its handshake; patience: seconds for each answer in it; room: bytes that the
    system takes while nobody reads, if not as many as it likes."""

    def __init__(self, endpoint, key, server_public, kind=b"DEALER", identity=b"", patience=30, room=None):
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self.socket = socket.socket()
        self.socket.settimeout(patience)
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        try:
            self.socket.connect((host, int(port)))
        except OSError:
            self.socket.close()
            raise
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.nonce = 2
        try:
            self.shake_hands(key, server_public, kind, identity)
        except BaseException:
            self.socket.close()
            raise

    def shake_hands(self, key, server_public, kind, identity):
        server = PublicKey(z85.decode(server_public))
        long_term = PrivateKey(z85.decode(key.secret))
        mine = PrivateKey.generate()
        self.socket.sendall(GREETING)
        greeting = self.read(64)
        assert greeting[:1] == b"\xff" and greeting[12:17] == b"CURVE", greeting
        box = Box(mine, server).encrypt(bytes(64), b"CurveZMQHELLO---" + struct.pack(">Q", 1)).ciphertext
        self.send_command(b"\5HELLO\1\0" + bytes(72) + mine.public_key.encode() + struct.pack(">Q", 1) + box)
        welcome = self.read_frame()
        assert welcome[:8] == b"\7WELCOME", welcome
        opened = Box(mine, server).decrypt(welcome[24:], b"WELCOME-" + welcome[8:24])
        theirs, cookie = PublicKey(opened[:32]), opened[32:]
        vouch_nonce = os.urandom(16)
        vouch = Box(long_term, theirs).encrypt(
            mine.public_key.encode() + server.encode(), b"VOUCH---" + vouch_nonce).ciphertext  # fmt: skip
        metadata = prop(b"Socket-Type", kind) + prop(b"Identity", identity)
        initiate = Box(mine, theirs).encrypt(
            z85.decode(key.public) + vouch_nonce + vouch + metadata,
            b"CurveZMQINITIATE" + struct.pack(">Q", 2)).ciphertext  # fmt: skip
        self.send_command(b"\x08INITIATE" + cookie + struct.pack(">Q", 2) + initiate)
        ready = self.read_frame()
        if ready[:6] == b"\5ERROR":
            raise ConnectionRefusedError(ready)
        assert ready[:6] == b"\5READY", ready
        self.shared = nb.crypto_box_beforenm(theirs.encode(), mine.encode())

    def read(self, size):
        while len(self.buffer) < size:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("the gateway has closed the connection")
            self.buffer += got
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def read_frame(self):
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & 2 else self.read(1)[0]
        return self.read(size)

    def send_command(self, body):
        self.socket.sendall(self.framed(4, body))

    @staticmethod
    def framed(flags, body):
        if len(body) > 255:
            return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body
        return bytes([flags, len(body)]) + body

    def sealed(self, content, flags=0):
        """The bytes on the wire of one part (MORE: others follow) or command."""
        self.nonce += 1
        number = struct.pack(">Q", self.nonce)
        box = nb.crypto_box_afternm(bytes([flags]) + content, b"CurveZMQMESSAGEC" + number, self.shared)
        return self.framed(0, b"\7MESSAGE" + number + box)

    def message(self, *parts):
        return b"".join(self.sealed(p, MORE if i + 1 < len(parts) else 0) for i, p in enumerate(parts))

    def receive(self):
        """One part, and whether others follow."""
        body = self.read_frame()
        assert body[:8] == b"\7MESSAGE", body
        opened = nb.crypto_box_open_afternm(body[16:], b"CurveZMQMESSAGES" + body[8:16], self.shared)
        return opened[1:], bool(opened[0] & MORE)

    def send(self, data):
        self.socket.sendall(data)

    def reset(self):
        """Ends the connection at once: the other side is told by a reset, not by an end of the stream."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def is_ended(self, patience):
        """True when the other side ends the connection within so many seconds, whatever it still says."""
        end = time.monotonic() + patience
        self.socket.settimeout(0.2)
        while time.monotonic() < end:
            try:
                if not self.socket.recv(65536):
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
        return False
