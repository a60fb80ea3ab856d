# SPDX-License-Identifier: Apache-2.0
"""A gateway that lies: it passes everything on to a true gateway and changes what that says.

Needs petahour_client, the example client in Python, on the path.
"""

import threading
from collections import deque

import zmq
from petahour_client import FROM_FEED, FROM_GATEWAY, MESSAGES, connect, settings

FRAME = MESSAGES["petahour.v1.GatewayFrame"]
MARKET_DATA = MESSAGES["petahour.v1.MarketDataFrame"]


class FalseGateway:
    """Between one participant's clients and a gateway, at both doors.

    change(message) may change what the gateway says; change_feed(frame) what it publishes, and returns whether it
    did.  With `splits` each message of the gateway comes in a frame of its own.  What is put into `sayings` is sent
    to every client as the payload of a frame, what is put into `tidings`, topic and payload, to those who follow it.
    """

    def __init__(self, m, whose):
        self.m, self.change, self.told = m, lambda message: None, []
        self.change_feed, self.changed_cnt = lambda frame: False, 0
        self.splits = False
        self.sayings, self.tidings = deque(), deque()
        self.ready_file = f"{m.run}/false.ready"
        self.context = zmq.Context()
        public, secret = zmq.curve_keypair()
        self.true, self.key = f"{m.run}/gateway.ready", settings(m.key(whose))
        self.clients, self.followers = self.context.socket(zmq.ROUTER), self.context.socket(zmq.XPUB)
        self.followers.xpub_verboser = True
        self.feed = connect(zmq.XSUB, "market_data", self.true, self.key)
        doors = {"server_key": public.decode()}
        for name, s in (("order_entry", self.clients), ("market_data", self.followers)):
            s.linger, s.curve_server = 0, True
            s.curve_publickey, s.curve_secretkey = public, secret
            doors[name] = f"tcp://127.0.0.1:{s.bind_to_random_port('tcp://127.0.0.1')}"
        with open(self.ready_file, "w", encoding="ascii") as f:
            f.write("".join(f"{name} = {value}\n" for name, value in doors.items()))
        self.behind = {}  # of each client: its connection to the true gateway
        self.ends = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def close(self):
        self.ends = True
        self.thread.join()
        self.feed.close()
        self.context.destroy(linger=0)

    def serve(self):
        while not self.ends:
            for who, s in list(self.behind.items()):
                while s.poll(0):
                    for parts in self.changed(s.recv_multipart()):
                        self.clients.send_multipart([who, *parts])
            while self.followers.poll(0):
                self.feed.send(self.followers.recv())
            while self.feed.poll(0):
                self.followers.send_multipart(self.changed_feed(self.feed.recv_multipart()))
            while self.sayings:
                payload = self.sayings.popleft()
                for who in self.behind:
                    self.clients.send_multipart([who, FROM_GATEWAY, payload])
            while self.tidings:
                topic, payload = self.tidings.popleft()
                self.followers.send_multipart([topic, FROM_FEED, payload])
            if self.clients.poll(5):
                who, *parts = self.clients.recv_multipart()
                if who not in self.behind:
                    self.behind[who] = connect(zmq.DEALER, "order_entry", self.true, self.key)
                self.behind[who].send_multipart(parts)

    def changed(self, parts):
        if parts[0] != FROM_GATEWAY:
            return [parts]
        frame = FRAME.FromString(parts[1])
        for message in frame.messages:
            self.told.append(message.WhichOneof("message"))
            self.change(message)
        frames = [FRAME(messages=[message]) for message in frame.messages] if self.splits else [frame]
        return [[parts[0], f.SerializeToString()] for f in frames]

    def changed_feed(self, parts):
        frame = MARKET_DATA.FromString(parts[2])
        if self.change_feed(frame):
            self.changed_cnt += 1
            parts[2] = frame.SerializeToString()
        return parts
