#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may look at whom: reads the includes of every file and compares them with the table below.

usage: layers.py ROOT [--compile CC FLAG...]

An include goes to a smaller number, never sideways, and only where the table allows.  A foreign
library is touched in its named doors only.  The pure half includes nothing that could read a
clock, a file or memory of the system; quiet files of other folders may allocate and format text,
and nothing more.  Headers include each other without circles, and (with
--compile) every one compiles alone.  Prints one line per finding and exits 1 if there is any.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Layer:
    """A folder: its level, the folders it may include, and what is pure in it."""

    level: int | None  # None: beside the engine, only `may` decides
    may: tuple = ()
    pure: tuple | bool = False  # True: every file; else names (without suffix) that are pure
    impure: tuple = ()  # where pure is True: names that are not
    quiet: tuple = ()  # names that know no socket, no file and no clock, but allocate or format
    files: dict = field(default_factory=dict)  # folder -> names that alone may be included from it


BELOW_HOST = ("engine/base", "engine/wire", "engine/core", "engine/journal", "engine/link",
              "engine/process", "engine/replay")  # fmt: skip

BELOW_GATEWAY = ("engine/base", "engine/wire", "engine/link", "engine/process")
BOUNDS = {"gateway": ("bounds",)}  # what the folders of the gateway may know of the loop over them
KNOWN = BELOW_GATEWAY + ("gateway", "gateway/books", "gateway/translate", "gateway/replica")

LAYERS = {
    # What the two ends of the protocol share beside the generated code.
    "proto": Layer(0, (), True),
    "engine/base": Layer(0, (), True),
    "engine/wire": Layer(1, ("engine/base",), True),
    "engine/journal": Layer(1, ("engine/base",), True, impure=("chain", "file_posix", "writer", "reader", "segment")),
    "engine/process": Layer(1, ("engine/base",)),
    "engine/link": Layer(1, ("engine/base",), ("frame",)),
    # The gateway: what is known of the market, how it is said, what each is told, the doors, the loop.
    "gateway/books": Layer(
        None,
        BELOW_GATEWAY,
        quiet=(
            "blocks", "candle_front", "candles", "catalogue", "depth", "order_table", "resting", "statistics", "totals",
        ),  # fmt: skip
    ),
    "gateway/translate": Layer(
        None,
        BELOW_GATEWAY + ("gateway", "gateway/books", "proto"),
        quiet=(
            "translate", "translate_commands", "translate_feed", "translate_notices", "translate_out",
            "translate_query",
        ),  # fmt: skip
        files=BOUNDS,
    ),
    "gateway/replica": Layer(
        None,
        KNOWN,
        quiet=(
            "feed", "feed_blocks", "feed_books", "feed_candles", "feed_frames", "feed_trades", "overview",
            "period_candles", "private_stream", "replica",
        ),  # fmt: skip
        files=BOUNDS,
    ),
    "gateway/doors": Layer(None, BELOW_GATEWAY + ("gateway", "gateway/books"), ("ratelimit",), files=BOUNDS),
    "gateway/entry": Layer(None, KNOWN + ("gateway/doors",), quiet=("session", "session_table"), files=BOUNDS),
    "gateway/market_data": Layer(None, KNOWN + ("gateway/doors",), quiet=("history",), files=BOUNDS),
    "gateway": Layer(None, KNOWN + ("gateway/doors", "gateway/entry", "gateway/market_data")),
    "engine/core": Layer(3, ("engine/base", "engine/wire"), True),
    "engine/replay": Layer(
        4,
        ("engine/base", "engine/wire", "engine/core", "engine/journal", "engine/process"),
        ("limits",),
    ),
    "engine/host": Layer(5, BELOW_HOST),
    "engine/notary": Layer(5, BELOW_HOST, ("document", "policy")),
    # The books state what is signed and whether it holds, by the notary's own documents.
    "engine/settle": Layer(
        6,
        BELOW_HOST + ("engine/notary",),
        quiet=("rows",),
        files={"engine/notary": ("checkpoint", "contracts", "countersignatures", "notary_keys", "note", "statements")},
    ),
    "engine/query": Layer(5, BELOW_HOST, ("cash_history", "contract_history", "order_history"), quiet=("answer", "holdings")),
    "clients/lib": Layer(None, ("proto",)),
    "clients/cli": Layer(None, ("clients/lib",)),
    "clients/demo": Layer(None, ("clients/lib",), quiet=("scenario", "orders", "catalogue")),
    # An auditor checks with the same reader, market and documents as the engine and the notary.
    "clients/audit": Layer(
        None,
        BELOW_HOST + ("engine/notary", "engine/settle"),
        files={
            "engine/notary": (
                "checkpoint", "contracts", "countersignatures", "document", "log_folder", "log_leaf", "log_reader",
                "log_tree", "merkle", "notary_keys", "note", "statements",
            ),
            "engine/settle": ("compare", "digest", "pg"),
        },  # fmt: skip
    ),
}

# Generated from proto/; the only translation to and from it.
PROTO_DOORS = ("gateway/translate/", "clients/lib/", "tests/")

# Foreign header -> who may include it: a file (path without suffix), a folder (ending in /) or
# files whose names begin alike (ending in *).
DOORS = {
    "zmq.h": (
        "engine/link/server",
        "engine/link/follower",
        "engine/host/",
        "engine/notary/main",
        "engine/query/main",
        "engine/settle/notary_link",
        "gateway/gateway",
        "gateway/entry/order_entry",
        "gateway/entry/router",
        "gateway/doors/accepts",
        "gateway/market_data/audience",
        "gateway/market_data/market_data",
        "gateway/doors/zap",
        "gateway/uplink",
        "gateway/watch",
        "gateway/entry/questions",
        "clients/lib/",
        "clients/cli/keygen",
    ),
    "libpq-fe.h": ("engine/settle/pg", "engine/settle/compare"),
    "sodium.h": (
        "engine/journal/chain",
        "engine/process/config",
        "engine/process/keyfile",
        "engine/settle/digest",
        "engine/settle/migrate",
        "engine/settle/root_signature",
        "engine/settle/write",
        "engine/notary/countersignatures",
        "engine/notary/keyring",
        "engine/notary/notary_keys",
        "engine/notary/note",
        "engine/notary/statements",
        "engine/notary/checkpoint",
        "clients/lib/",
        "clients/cli/",
        "clients/audit/",
        "clients/demo/",
        "gateway/replica/book_sum",
        "gateway/books/key_index",
        "gateway/market_data/subscribers",
        "gateway/doors/zap",
    ),
    "openssl/sha.h": ("engine/notary/sha256",),
    "protobuf-c/protobuf-c.h": PROTO_DOORS,
    "ini.h": ("engine/process/", "clients/lib/", "clients/cli/"),
    "microhttpd.h": ("engine/process/monitor",),
    "arpa/inet.h": ("engine/process/monitor", "gateway/doors/connection"),
    "netinet/in.h": ("engine/process/monitor", "gateway/doors/connection"),
    "linux/sockios.h": ("gateway/doors/connection",),
    "linux/tcp.h": ("gateway/doors/connection",),
    "systemd/sd-daemon.h": ("engine/process/stop",),
    "jansson.h": ("clients/cli/", "clients/audit/", "clients/lib/", "clients/demo/"),
    "argp.h": ("engine/process/", "engine/host/main", "engine/settle/main", "engine/notary/main",
               "gateway/main", "clients/cli/", "clients/demo/", "clients/audit/"),  # fmt: skip
    "uthash.h": ("gateway/replica/feed", "gateway/books/catalogue"),
    # The clock of the machine.  A customer's program has one of its own.
    "time.h": ("engine/process/clock", "clients/lib/", "clients/cli/", "clients/demo/"),
    "sys/time.h": ("engine/process/clock", "clients/lib/"),
    "check.h": (),
}

# No state, no machine behind them.
FREE = {
    "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h",
    "string.h", "inttypes.h",
}  # fmt: skip

# What a quiet file may include besides.
QUIET = {"stdio.h", "stdlib.h", "errno.h", "ctype.h", "uthash.h"}

# What the system offers to files that are neither pure nor quiet.
SYSTEM = {
    "ctype.h", "dirent.h", "endian.h", "errno.h", "fcntl.h", "getopt.h", "poll.h", "pthread.h", "pwd.h", "sched.h",
    "signal.h", "stdatomic.h", "stdio.h", "stdlib.h", "strings.h", "sys/epoll.h", "sys/eventfd.h",
    "sys/file.h", "sys/inotify.h", "sys/ioctl.h", "sys/mman.h", "sys/random.h", "sys/resource.h",
    "sys/signalfd.h", "sys/timerfd.h", "sys/socket.h", "sys/stat.h", "sys/types.h", "sys/uio.h", "sys/un.h", "sys/wait.h",
    "termios.h", "unistd.h", "linux/falloc.h", "linux/fs.h", "sys/syscall.h", "sys/prctl.h", "sys/vfs.h",
    "sys/statvfs.h", "sys/timerfd.h", "libgen.h", "locale.h",
}  # fmt: skip

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)
TOPS = ("engine", "gateway", "clients", "proto", "tests")


def sources(root):
    """Every .c and .h below the folders that hold code, as paths relative to the root."""
    found = []
    for top in TOPS:
        for folder, folders, names in os.walk(root / top):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    found.append((Path(folder) / name).relative_to(root).as_posix())
    return found


def layer_of(path):
    """The folder of the table that holds the file, or None."""
    parts = path.split("/")
    for n in (2, 1):
        if "/".join(parts[:n]) in LAYERS and len(parts) > n:
            return "/".join(parts[:n])
    return None


def stem(path):
    return path.rsplit(".", 1)[0]


def is_pure(path):
    name = layer_of(path)
    if name is None:
        return False
    layer, base = LAYERS[name], stem(path.rsplit("/", 1)[-1])
    if layer.pure is True:
        return base not in layer.impure
    return bool(layer.pure) and base in layer.pure


def is_quiet(path):
    name = layer_of(path)
    return name is not None and stem(path.rsplit("/", 1)[-1]) in LAYERS[name].quiet


def short(folder):
    return folder.rsplit("/", 1)[-1]


def opens(door, path):
    if door.endswith(("/", "*")):
        return path.startswith(door.rstrip("*"))
    return stem(path) == door


def check_project(path, line, target, root):
    """Findings of one include of our own, written from the root of the repository."""
    where = f"{path}:{line}"
    if target.startswith("petahour/v1/"):
        if not any(opens(d, path) for d in PROTO_DOORS):
            yield f'{where}: "{target}" has its own door'
        return
    if not (root / target).is_file():
        yield f'{where}: "{target}" is not a file of this repository (write the path from its root)'
        return
    if path.startswith("tests/"):
        return
    mine, other = layer_of(path), layer_of(target)
    if other is None or mine is None:
        yield f'{where}: {short(mine or path)} may not include "{target}"'
        return
    if mine == other:
        return
    layer = LAYERS[mine]
    allowed = other in layer.may
    if allowed and layer.level is not None:
        allowed = LAYERS[other].level is not None and LAYERS[other].level < layer.level
    if not allowed:
        yield f"{where}: {short(mine)} may not include {short(other)}"
    elif other in layer.files and stem(target.rsplit("/", 1)[-1]) not in layer.files[other]:
        yield f"{where}: {short(mine)} may include only {', '.join(layer.files[other])} of {short(other)}"


def check_foreign(path, line, header):
    """Findings of one include in angle brackets."""
    where = f"{path}:{line}"
    if header in FREE:
        return
    if is_pure(path):
        yield f"{where}: <{header}> in a pure layer"
        return
    if path.startswith("tests/"):
        return
    if is_quiet(path) and header not in QUIET:
        yield f"{where}: <{header}> in a quiet file: no socket, no file, no clock"
        return
    if header in DOORS:
        if not any(opens(d, path) for d in DOORS[header]):
            yield f"{where}: <{header}> has its own door"
    elif header not in SYSTEM:
        yield f"{where}: <{header}> is not known to tests/lint/layers.py: name its door"


def check_circles(graph):
    """Findings for headers that include each other."""
    state, findings = {}, []

    def visit(node, trail):
        state[node] = 1
        for target in graph.get(node, ()):
            if state.get(target) == 1:
                circle = trail[trail.index(target) :] + [target]
                findings.append("circle: " + " -> ".join(circle))
            elif target not in state:
                visit(target, trail + [target])
        state[node] = 2

    for node in sorted(graph):
        if node not in state:
            visit(node, [node])
    return findings


def check_alone(root, headers, command):
    """Findings for headers that rely on what their includer included before."""

    def compiles(header):
        run = subprocess.run(
            command + ["-fsyntax-only", "-x", "c", "-I", str(root), "-include", header, "/dev/null"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode == 0:
            return []
        reason = next((s for s in run.stderr.splitlines() if "error" in s), run.stderr.strip())
        return [f"{header}: does not compile alone", f"    {reason}"]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [line for found in pool.map(compiles, headers) for line in found]


def check(root, command=None):
    findings, graph, headers = [], {}, []
    for path in sources(root):
        if not path.startswith("tests/") and layer_of(path) is None:
            findings.append(f"{path}: folder is not in the table of tests/lint/layers.py")
            continue
        text = (root / path).read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
        targets = []
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(1 if match[1] else 2)) + 1
            if match[1]:
                findings += check_project(path, line, match[1], root)
                targets.append(match[1])
            else:
                findings += check_foreign(path, line, match[2])
        if path.endswith(".h"):
            headers.append(path)
            graph[path] = [t for t in targets if t.endswith(".h")]
    findings += check_circles(graph)
    if command:
        findings += check_alone(root, headers, command)
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--compile", nargs=argparse.REMAINDER, metavar="CC", default=None)
    args = parser.parse_args()
    findings = check(args.root.resolve(), args.compile)
    print("\n".join(findings) if findings else f"{len(sources(args.root.resolve()))} files, no finding")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
