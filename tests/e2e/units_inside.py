#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What test_units.py does inside its container, as root, with systemd as process 1.

usage: units_inside.py FOLDER       writes FOLDER/result/result.json, and FOLDER/result/log"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HOME = pathlib.Path(sys.argv[1])
ETC = pathlib.Path("/etc/petahour")
DAEMONS = ["petahour-engine", "petahour-notary", "petahour-replica", "petahour-settle", "petahour-gateway"]
SECRETS = {"notary": "notary.key", "gateway": "gateway.key", "settle": "settle.ini"}
JOURNAL = "/var/lib/petahour/engine/journal"
LINK = "/run/petahour/engine/link.sock"
BIN = "/usr/lib/postgresql/15/bin"
AS_POSTGRES = {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"}
PATIENCE = 120


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{words}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout.strip()


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"gave up waiting for: {what}")
        time.sleep(0.1)


def cli(*words, key=None):
    more = ["--key", ETC / f"{key}.key", "--connect", ETC / "connect"] if key else []
    return json.loads(run(HOME / "bin/petahour", *words, *more, "--json", "--timeout", PATIENCE)
                      if key else run(HOME / "bin/petahour", *words, "--json"))


def sql(text):
    return run("psql", "-XqAt", "-h", "/run/postgresql", "-d", "petahour", "-c", text, **AS_POSTGRES)


def show(unit, *names):
    said = run("systemctl", "show", unit, *(f"--property={n}" for n in names))
    return [dict(line.split("=", 1) for line in said.splitlines())[n] for n in names]


def configure():
    shutil.copytree(HOME / "etc", ETC, dirs_exist_ok=True)
    keys = {name: cli("keygen", "--name", name, "--out", str(ETC / f"{name}.key"))
            for name in ("operator", "notary", "gateway", "supplier", "buyer")}
    for name, find, put in (
            ("engine", "CURVE_PUBLIC_OF_OPERATOR", keys["operator"]["curve_public"]),
            ("engine", "SIGN_PUBLIC_OF_OPERATOR", keys["operator"]["sign_public"]),
            ("engine", "SIGN_PUBLIC_OF_NOTARY", keys["notary"]["sign_public"]),
            ("gateway", "tcp://*:", "tcp://127.0.0.1:")):
        path = ETC / f"{name}.ini"
        path.write_text(path.read_text(encoding="utf-8").replace(find, put), encoding="utf-8")
    (ETC / "connect").write_text(
        "order_entry = tcp://127.0.0.1:7001\nmarket_data = tcp://127.0.0.1:7002\n"
        f"server_key = {keys['gateway']['curve_public']}\n", encoding="utf-8")
    run("chown", "-R", "root:petahour", ETC)
    run("chmod", "0750", ETC)
    for ini in ETC.glob("*.ini"):
        os.chmod(ini, 0o640)
    for daemon, name in SECRETS.items():
        run("chown", f"petahour-{daemon}:", ETC / name)
        os.chmod(ETC / name, 0o400)


def database():
    run("install", "-d", "-o", "postgres", "-g", "postgres", "-m", "0700", "/var/lib/postgresql")
    run(f"{BIN}/initdb", "-D", "/var/lib/postgresql/data", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
        **AS_POSTGRES)
    run("systemctl", "start", "postgresql")
    run("createdb", "-h", "/run/postgresql", "petahour", **AS_POSTGRES)
    run(HOME / "bin/petahour-settle", "--config", ETC / "settle.ini", "--schema", HOME / "schema", "--migrate",
        "host=/run/postgresql dbname=petahour user=postgres")


def register(start):
    for name in ("supplier", "buyer"):
        cli("participant", "register", "--name", name, "--roles", name, "--of", ETC / f"{name}.key", key="operator")
        cli("deposit", "--participant", name, "--amount", "100000", "--reference", name, key="operator")
    cli("site", "register", "--name", "site-1", "--owner", "supplier", "--region", "r1", "--latitude", "40.99",
        "--longitude", "-113.13", key="operator")
    cli("hardware", "register", "--name", "H100", key="operator")
    cli("product", "create", "--symbol", "AI.H100.1", "--model", "H100", "--site", "site-1", "--hardware", "H100",
        "--reference-price", "2.5", "--terms-hash", "ab" * 32, key="operator")
    cli("capacity", "register", "--site", "site-1", "--hardware", "1", "--from", start, "--periods", "1", "--units",
        "64", "--reference", "1", key="supplier")


def trade(start, settled):
    """One contract more, and its rows."""
    for side, who in (("sell", "supplier"), ("buy", "buyer")):
        cli("order", side, "--product", "1", "--from", start, "--price", "2.5", "--quantity", "1", key=who)
    wait_until(f"rows of contract {settled}", lambda: sql("SELECT count(*) FROM petahour.contract") == str(settled))


def is_true(user, *words):
    """Of the user of a daemon, in its group; outside its unit, which takes away more."""
    group = "petahour" if user in DAEMONS else user
    return subprocess.run([str(w) for w in words], user=user, group=group, extra_groups=[], cwd="/",
                          capture_output=True, check=False).returncode == 0


def rights(found):
    """What each user may do by the modes of files alone."""
    connect = ("import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])", LINK)
    for user in (*DAEMONS, "postgres"):
        may = found.setdefault("may", {}).setdefault(user, [])
        if any(is_true(user, "test", "-w", path) for path in (JOURNAL, *pathlib.Path(JOURNAL).iterdir())):
            may.append("writes the journal")
        may += [f"reads {name}" for name in SECRETS.values() if is_true(user, "test", "-r", ETC / name)]
        found.setdefault("connects", {})[user] = is_true(user, "/usr/bin/python3", "-c", *connect)


def work(found):
    configure()
    for unit in (HOME / "units").iterdir():
        shutil.copy(unit, "/etc/systemd/system")
    run("systemctl", "daemon-reload")
    # There is no network but loopback, and what waits for one waits two minutes.
    run("systemctl", "mask", "systemd-networkd-wait-online.service")
    database()
    run("systemctl", "enable", "--now", "petahour.target")
    for unit in DAEMONS:
        run("systemctl", "enable", "--now", unit)
    found["started"] = {unit: show(unit, "ActiveState")[0] for unit in DAEMONS}
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(time.time()) // 3600 * 3600 + 8 * 3600))
    register(start)
    settled = 1
    trade(start, settled)
    found["came_back"] = []
    for unit in DAEMONS:
        before = show(unit, "MainPID")[0]
        run("systemctl", "kill", "--signal=KILL", "--kill-who=main", unit)
        wait_until(f"{unit} to come back", lambda u=unit, b=before: show(u, "ActiveState")[0] == "active"
                   and show(u, "MainPID", "NRestarts")[0] not in ("0", b) and show(u, "NRestarts")[0] != "0")
        settled += 1
        trade(start, settled)
        found["came_back"].append(unit)
    # Settlement has the notary's signatures by its socket.
    wait_until("signatures under all roots", lambda: sql(
        "SELECT count(*) = (SELECT count(*) FROM petahour.contract_root) FROM petahour.root_signature") == "t")
    found["signed"] = int(sql("SELECT count(*) FROM petahour.root_signature"))
    rights(found)
    found["settled"] = int(sql("SELECT count(*) FROM petahour.contract"))
    found["reconcile"] = sql("SELECT * FROM petahour.reconcile")
    run("systemctl", "stop", "petahour.target")
    wait_until("the daemons to stop", lambda: not any(
        show(unit, "ActiveState")[0] in ("active", "deactivating") for unit in DAEMONS))
    found["stopped"] = {unit: " ".join(show(unit, "ActiveState", "Result")) for unit in DAEMONS}


def main():
    found = {}
    try:
        work(found)
    except (RuntimeError, OSError, KeyError, ValueError) as failure:
        found["failed"] = re.sub(r"\s+", " ", str(failure))
    with open(HOME / "result/log", "w", encoding="utf-8") as log:
        subprocess.run(["journalctl", "--no-pager", "--output=cat", "-u", "petahour-*", "-u", "postgresql"],
                       stdout=log, stderr=log, check=False)
        log.write(f"\n{json.dumps(found, indent=1)}\n")
    (HOME / "result/result.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
