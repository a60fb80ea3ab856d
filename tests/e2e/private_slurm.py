# SPDX-License-Identifier: Apache-2.0
"""A Slurm cluster of one node in a temporary folder: its own munged, slurmctld and slurmd, on loopback.

Debian's programs as they are; no database: finished jobs are told by jobcomp/filetxt, which sacct -c reads.
slurmd starts jobs as their users, so all of it needs root.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from free_ports import free_ports

PATIENCE = 60
PROGRAMS = ("munged", "slurmctld", "slurmd", "scontrol", "sbatch", "sacct", "scancel")


def missing():
    """The programs that a cluster is made of and that are not here."""
    return [p for p in PROGRAMS if shutil.which(p, path=f"{os.environ['PATH']}:/usr/sbin") is None]


class Slurm:
    """cores: how many the one node says that it has; its partition is "market"."""

    def __init__(self, cores):
        self.folder = tempfile.TemporaryDirectory(prefix="ph")
        self.path = self.folder.name
        os.chmod(self.path, 0o755)  # munged wants its socket where everybody can reach it
        self.host = socket.gethostname().split(".")[0]
        self.environment = dict(os.environ, SLURM_CONF=f"{self.path}/slurm.conf", TZ="UTC")
        self.environment["PATH"] += ":/usr/sbin"
        for variable in ("LD_PRELOAD", "SLURM_TIME_FORMAT"):
            self.environment.pop(variable, None)
        self.processes = []
        try:
            self.configure(cores)
            self.start("munged", "--foreground", f"--key-file={self.path}/munge.key", f"--socket={self.path}/munge.sock",
                       f"--pid-file={self.path}/munge.pid", f"--log-file={self.path}/munged.log",
                       f"--seed-file={self.path}/munge.seed", "--num-threads=2")  # fmt: skip
            self.wait(lambda: os.path.exists(f"{self.path}/munge.sock"))
            self.start("slurmctld", "-D", "-f", f"{self.path}/slurm.conf")
            self.wait(lambda: "is UP" in self.run("scontrol", "ping", check=False))
            self.start("slurmd", "-D", "-N", self.host, "-f", f"{self.path}/slurm.conf")
            self.wait(lambda: "State=IDLE" in self.run("scontrol", "show", "node", self.host, check=False))
        except BaseException:
            self.close()
            raise

    def configure(self, cores):
        for name in ("state", "spool"):
            os.mkdir(f"{self.path}/{name}")
        with open(os.open(f"{self.path}/munge.key", os.O_WRONLY | os.O_CREAT, 0o400), "wb") as f:
            f.write(os.urandom(1024))
        with open(f"{self.path}/cgroup.conf", "w", encoding="ascii") as f:
            f.write("IgnoreSystemd=yes\n")  # there is none in a container
        ctld, slurmd = free_ports(2)
        with open(f"{self.path}/slurm.conf", "w", encoding="ascii") as f:
            f.write(f"""ClusterName=site
SlurmctldHost={self.host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={self.path}/munge.sock
CredType=cred/munge
SlurmctldPort={ctld}
SlurmdPort={slurmd}
StateSaveLocation={self.path}/state
SlurmdSpoolDir={self.path}/spool
SlurmctldPidFile={self.path}/slurmctld.pid
SlurmdPidFile={self.path}/slurmd.pid
SlurmctldLogFile={self.path}/slurmctld.log
SlurmdLogFile={self.path}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
JobCompType=jobcomp/filetxt
JobCompLoc={self.path}/jobcomp.txt
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
NodeName={self.host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=100 State=UNKNOWN
PartitionName=market Nodes={self.host} Default=YES MaxTime=INFINITE State=UP
""")

    def start(self, program, *words):
        with open(f"{self.path}/{program}.out", "w", encoding="utf-8") as out:
            self.processes.append(subprocess.Popen([program, *words], env=self.environment, stdout=out, stderr=out))

    def wait(self, holds):
        end = time.monotonic() + PATIENCE
        while not holds():
            dead = [p.args[0] for p in self.processes if p.poll() is not None]
            assert not dead and time.monotonic() < end, f"ended: {dead}; " + self.said()
            time.sleep(0.1)

    def said(self):
        texts = []
        for name in sorted(os.listdir(self.path)):
            if name.endswith((".out", ".log")):
                with open(f"{self.path}/{name}", encoding="utf-8", errors="replace") as f:
                    texts.append(f"{name}: {f.read()[-1500:]}")
        return "\n".join(texts)

    def run(self, *words, check=True):
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=PATIENCE,
                              cwd=self.path, check=False)  # fmt: skip
        assert not check or done.returncode == 0, (words, done, self.said())
        return done.stdout

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.folder.cleanup()
