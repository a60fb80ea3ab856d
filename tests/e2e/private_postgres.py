#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL cluster for one test: its own folder, a unix socket, no network, gone afterwards.

As a program:  private_postgres.py start FOLDER [--fsync]   prints the connection string
               private_postgres.py stop FOLDER
               private_postgres.py remove FOLDER            stops it and removes the folder
As a module:   with Cluster() as pg: pg.sql("SELECT 1")

PostgreSQL refuses to run as root, so root becomes the user "postgres" (or PETAHOUR_PG_USER).
A socket's path may have 107 bytes: keep FOLDER short."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(os.environ.get("PETAHOUR_PG_BIN", "/usr/lib/postgresql/15/bin"))
ADMIN = "postgres"
SOCKET_BYTES_MAX = 107


def as_unprivileged(command):
    if os.geteuid() != 0:
        return command
    return ["runuser", "-u", os.environ.get("PETAHOUR_PG_USER", "postgres"), "--"] + command


def run(command):
    done = subprocess.run(as_unprivileged([str(c) for c in command]), capture_output=True,
                          text=True, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}".strip())


def children(pid):
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


class Cluster:
    """Owns its folder when it made it; a folder that was given stays after stop."""

    def __init__(self, folder=None, fsync=False, database="petahour", settings=()):
        self.is_own = folder is None
        if self.is_own:
            folder = tempfile.mkdtemp(prefix="ph-pg-", dir="/tmp")
        self.folder = pathlib.Path(folder).absolute()
        self.fsync = fsync
        self.settings = settings  # more of them, as name=value
        self.database = database
        if len(str(self.folder / ".s.PGSQL.5432").encode()) > SOCKET_BYTES_MAX:
            raise RuntimeError(f"the path of \"{self.folder}\" is too long for a socket")

    @property
    def data(self):
        return self.folder / "data"

    def conninfo(self, user=ADMIN):
        return f"host={self.folder} dbname={self.database} user={user}"

    def create(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam(os.environ.get("PETAHOUR_PG_USER", "postgres"))
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        os.chmod(self.folder, 0o755)
        run([BIN / "initdb", "-D", self.data, "-A", "trust", "-U", ADMIN, "-E", "UTF8",
             "--locale=C", "--no-sync"])

    def start(self):
        """Starts the server, making cluster and database the first time."""
        is_new = not (self.data / "PG_VERSION").exists()
        if is_new:
            self.create()
        fsync = "on" if self.fsync else "off"
        settings = (f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' "
                    f"-c fsync={fsync} -c shared_buffers=64MB -c max_connections=20")
        settings += "".join(f" -c {setting}" for setting in self.settings)
        run([BIN / "pg_ctl", "-D", self.data, "-w", "-t", "240", "-l", self.folder / "log", "-o",
             settings, "start"])
        if is_new:
            run([BIN / "createdb", "-h", self.folder, "-U", ADMIN, self.database])

    def pid(self):
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return None

    def stop(self, mode="fast"):
        if self.pid() is not None:
            run([BIN / "pg_ctl", "-D", self.data, "-w", "-t", "240", "-m", mode, "stop"])

    def kill(self):
        """Ends the server as a power cut would, and waits until all of its processes are gone."""
        pid = self.pid()
        if pid is None:
            return
        family = [pid] + children(pid)
        os.kill(pid, signal.SIGKILL)
        # The others notice that their parent is gone; the next start needs their memory freed.
        while any(pathlib.Path(f"/proc/{one}").exists() for one in family):
            time.sleep(0.01)

    def sql(self, text, user=ADMIN, check=True):
        """Runs SQL and gives the rows as lines, columns separated by |."""
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(user),
                               "-c", text], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if check:
                raise RuntimeError(done.stderr.strip())
            return done.stderr.strip()
        return done.stdout.strip()

    def remove(self):
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *reason):
        if self.is_own:
            self.remove()
        else:
            self.stop()


def main(arguments):
    verbs = ("start", "stop", "remove")
    if len(arguments) not in (2, 3) or arguments[0] not in verbs or arguments[2:] not in (
            [], ["--fsync"]):
        sys.stderr.write(__doc__ + "\n")
        return 2
    cluster = Cluster(arguments[1], fsync="--fsync" in arguments)
    try:
        getattr(cluster, arguments[0])()
    except (OSError, RuntimeError) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    if arguments[0] == "start":
        print(cluster.conninfo())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
