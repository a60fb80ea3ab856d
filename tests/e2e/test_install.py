#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The client library as somebody else meets it: installed, found by pkg-config, compiled against, run.

usage: test_install.py SOURCE PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY

The library is built and installed into a temporary prefix without a sanitizer, whatever the tests run
with; the market is made of the programs that are given.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import skips
from live_market import Market, first_period, register, start_of

SOURCE = sys.argv[1]
STRICT = ["-std=c17", "-Wall", "-Wextra", "-pedantic", "-Werror"]
HERE = os.path.dirname(os.path.abspath(__file__))
COMPILERS = [c for c in ("gcc", "clang") if shutil.which(c)]

CPP = {"gcc": "g++", "clang": "clang++"}
IN_CPP = r"""
#include <petahour.h>
#include <cstdio>

static void on_logon(void *arg, const phc_logon *l) { *static_cast<uint32_t *>(arg) = l->participant; }

int main()
{
    char err[400], money[32];
    uint32_t who = 0;
    phc_key key;
    phc_client *c = nullptr;
    phc_config config = phc_config();
    if (phc_key_read("buyer.key", &key, err, sizeof err) != PHC_OK) return 1;
    config.connect_file = "gateway.ready";
    config.key = &key;
    config.callbacks.arg = &who;
    config.callbacks.on_logon = on_logon;
    if (phc_open(&config, &c, err, sizeof err) != PHC_OK) return 1;
    phc_key_wipe(&key);
    while (who == 0)
        if (phc_turn(c, -1) == PHC_EFATAL) return 1;
    std::printf("participant %u %s %s %llu\n", who, phc_side_text(PHC_SELL), phc_money_text(-1500000, money),
                static_cast<unsigned long long>(phc_last_countersignature(c)));
    phc_close(c);
}
"""


def run(*words, timeout=300, **more):
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False, **more)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def writable_objects(path):
    """Variables that a program could change: in writable sections that the loader does not close again."""
    closed = {".data.rel.ro", ".init_array", ".fini_array", ".dynamic", ".got", ".got.plt"}
    sections = {}
    for line in run("readelf", "-SW", path).splitlines():
        if found := re.match(r" *\[ *(\d+)\] (\S+) +\S+ +\S+ \S+ \S+ \S+ +(\S+)", line):
            sections[found[1]] = (found[2], found[3])
    names = []
    for line in run("readelf", "--syms", "-W", path).splitlines():
        words = line.split()
        if len(words) != 8 or words[3] not in ("OBJECT", "TLS", "COMMON") or words[6] not in sections:
            continue
        section, flags = sections[words[6]]
        # The compiler's own: its handle of the library, and whether its destructors ran.
        if "W" in flags and section not in closed and not re.fullmatch(r"__dso_handle|completed\.\d+|__TMC_END__", words[7]):
            names.append(words[7])
    return names


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ph")
        cls.addClassCleanup(folder.cleanup)
        cls.folder, cls.prefix = folder.name, f"{folder.name}/prefix"
        build = f"{cls.folder}/build"
        environment = {k: v for k, v in os.environ.items() if k not in ("CFLAGS", "LDFLAGS", "DESTDIR")}
        run("meson", "setup", build, SOURCE, f"--prefix={cls.prefix}", "--libdir=lib", "--buildtype=release",
            env=dict(environment, CC=COMPILERS[0]))  # fmt: skip
        version = re.search(r"version: '(.*?)'", read(f"{SOURCE}/meson.build"))[1]
        cls.library = f"libpetahour.so.{version}"
        run("ninja", "-C", build, "-j", "2", f"clients/lib/{cls.library}", "clients/lib/libpetahour.a")
        run("meson", "install", "-C", build, "--no-rebuild", "--tags", "devel", env=environment)
        cls.so = f"{cls.prefix}/lib/{cls.library}"

    def pkg_config(self, *words):
        found = run("pkg-config", *words, "petahour", env=dict(os.environ, PKG_CONFIG_PATH=f"{self.prefix}/lib/pkgconfig"))
        return found.split()

    def compiled(self, compiler, source, name, *more):
        """A program against the shared library as pkg-config says, in a folder that has nothing of ours."""
        path = f"{self.folder}/{name}-{compiler}"
        run(compiler, *STRICT, *more, "-o", path, source, *self.pkg_config("--cflags", "--libs"), cwd=self.folder)
        return path

    def test_what_is_installed(self):
        found = sorted(os.path.relpath(f"{folder}/{name}", self.prefix)
                       for folder, _, names in os.walk(self.prefix) for name in names)  # fmt: skip
        protos = ["admin", "contract", "delivery", "market_data", "order_entry", "query", "session"]
        self.assertEqual(found, ["include/petahour.h", "lib/libpetahour.a", "lib/libpetahour.so",
                                 "lib/libpetahour.so.0.1", f"lib/{self.library}", "lib/pkgconfig/petahour.pc",
                                 "share/doc/petahour/contracts.md", "share/doc/petahour/protocol.md",
                                 *[f"share/petahour/frames/{name}.txt" for name in ("client", "gateway", "market_data")],
                                 *[f"share/petahour/proto/petahour/v1/{name}.proto" for name in protos]])  # fmt: skip
        self.assertIn("[libpetahour.so.0.1]", run("readelf", "-dW", self.so))
        self.assertEqual(self.pkg_config("--modversion"), [self.library.removeprefix("libpetahour.so.")])
        self.assertIn(f"-I{self.prefix}/include", self.pkg_config("--cflags"))
        self.assertEqual(self.pkg_config("--libs"), [f"-L{self.prefix}/lib", "-lpetahour"])

    def test_the_guide_needs_nothing_that_is_not_installed(self):
        guide = read(f"{self.prefix}/share/doc/petahour/protocol.md")
        self.assertNotIn("README.md)", guide)
        headings = {re.sub(r"[^a-z -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                    for line in guide.splitlines() if line.startswith("#")}  # fmt: skip
        for target in re.findall(r"\]\(([^)]*)\)", guide):
            self.assertIn(target.removeprefix("#"), headings, "it refers to what is in it")
        places = re.findall(r"(?m)^\|[^|]*\| `[^|`]*` \| `([^|`]*)` \|$", guide)
        self.assertEqual(len(places), 4)
        for place in places:
            self.assertTrue(glob.glob(f"{self.prefix}/share/{place}"), place)
        # What no generated code says: header, doors, topics, requests, what a refusal asks for.
        for words in ("1 `ClientFrame`, 2 `GatewayFrame`", "DEALER | header, payload", "SUB | topic, header, payload",
                      "eight lower-case hexadecimal", "`?D0000002a:FIRST-LAST`", "`~D0000002a`",
                      "| `STREAM_NUMBER` | a number larger than what exists"):  # fmt: skip
            self.assertIn(words, re.sub(r"\s+", " ", guide))
        os.makedirs(f"{self.folder}/generated", exist_ok=True)
        protos = f"{self.prefix}/share/petahour/proto"
        run("protoc", f"-I{protos}", f"--python_out={self.folder}/generated", *glob.glob(f"{protos}/petahour/v1/*.proto"))

    def test_exports_are_those_of_the_header(self):
        header = set(re.findall(r"\bphc_\w+(?=\()", re.sub(r"/\*.*?\*/", "", read(f"{SOURCE}/clients/lib/petahour.h"), flags=re.S)))
        listed = re.findall(r"\bphc_\w+(?=;)", read(f"{SOURCE}/clients/lib/petahour.map"))
        self.assertEqual(sorted(header), listed, "petahour.map is sorted and has every function of the header")
        exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", self.so).splitlines()}
        self.assertEqual(exported, {f"{name}@@PETAHOUR_0" for name in header} | {"PETAHOUR_0"})

    def test_no_globals(self):
        self.assertEqual(writable_objects(self.so), [])
        planted = f"{self.folder}/planted.c"
        with open(planted, "w", encoding="ascii") as f:
            f.write("static int counter = 3; static char *last; int bump(char *p);\n"
                    "int bump(char *p) { char *was = last; last = p; return was ? counter++ : 0; }\n")  # fmt: skip
        run(COMPILERS[0], "-shared", "-fPIC", "-o", f"{self.folder}/planted.so", planted)
        self.assertEqual(sorted(writable_objects(f"{self.folder}/planted.so")), ["counter", "last"])

    def test_the_header_alone(self):
        header = f"{self.prefix}/include/petahour.h"
        for compiler in COMPILERS:
            for language, standard in (("c", "c11"), ("c", "c17"), ("c++", "c++11"), ("c++", "c++17")):
                if language == "c++" and not shutil.which({"gcc": "g++"}.get(compiler, "clang++")):
                    continue
                with self.subTest(compiler=compiler, standard=standard):
                    run(compiler, "-x", language, f"-std={standard}", *STRICT[1:], "-fsyntax-only", "-include", header, "/dev/null")

    def test_programs_of_others_trade(self):
        """The program of the library's README, and one with its own poll loop; both with every compiler."""
        m = Market(sys.argv[2:6])
        self.addCleanup(m.close)
        register(m)
        environment = dict(os.environ, LD_LIBRARY_PATH=f"{self.prefix}/lib")
        hour = first_period()
        page = read(f"{SOURCE}/clients/lib/README.md")
        text = re.search(r"```c\n(#include <petahour.h>.*?)```", page, re.S)[1]
        for of_page, of_market in (("2026-12-01T00:00:00Z", start_of(hour)), (".product = 7", ".product = 1"),
                                   (".client_order_id = 1,", ".client_order_id = NUMBER,")):  # fmt: skip
            self.assertEqual(text.count(of_page), 1, of_page)
            text = text.replace(of_page, of_market)
        with open(f"{self.folder}/trade.c", "w", encoding="utf-8") as f:
            f.write(text)
        m.cli("order", "sell", "--product", "1", "--quantity", "8", "--price", "2.55", "--from", start_of(hour),
              "--periods", "24", key="supplier")  # fmt: skip
        for number, compiler in enumerate(COMPILERS):
            trade = self.compiled(compiler, f"{self.folder}/trade.c", "trade", f"-DNUMBER={10 * number + 1}")
            done = run(trade, cwd=m.run, env=environment)
            self.assertRegex(done, r"contract \d+ for 244\.800000\n")
            own_loop = self.compiled(compiler, f"{HERE}/outside.c", "outside")
            done = run(own_loop, "gateway.ready", "supplier.key", "buyer.key", "1", str(hour + 30 + 2 * number), cwd=m.run,
                       env=environment)  # fmt: skip
            self.assertRegex(done, r"contract \d+, library 0\.")
            self.in_cpp(CPP[compiler], m, environment)

    def in_cpp(self, compiler, m, environment):
        """Links too: the names are those of C."""
        if not shutil.which(compiler):
            return
        with open(f"{self.folder}/watch.cc", "w", encoding="utf-8") as f:
            f.write(IN_CPP)
        path = f"{self.folder}/watch-{compiler}"
        run(compiler, "-std=c++11", *STRICT[1:], "-o", path, "watch.cc", *self.pkg_config("--cflags", "--libs"), cwd=self.folder)
        done = run(path, cwd=m.run, env=environment)
        self.assertRegex(done, r"participant 3 SELL -1\.500000 \d+\n")


if __name__ == "__main__":
    for tool in ("meson", "ninja", "pkg-config", "protoc", "readelf"):
        if shutil.which(tool) is None:
            skips.without_all("install", f"{tool} is not installed (./dev installs it)")
    skips.main(sys.argv[:1] + sys.argv[6:], verbosity=2)
