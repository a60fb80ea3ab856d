#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A contract goes to a real scheduler, and what its buyer used comes back as the delivery report.

usage: test_handover.py PETAHOUR ENGINE NOTARY GATEWAY JOURNAL_OF AUDIT

With Debian's slurmctld, slurmd and munged on loopback; where they cannot run, those tests are skipped.
Nobody waits for the end of an hour: when the job is done, engine and meter go on with a clock that is
ahead (libfaketime).
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import private_slurm
import skips
from live_market import HASH, PATIENCE
from past_market import FAKETIME, LAST, STEP, PastMarket, at

JOURNAL_OF, AUDIT = sys.argv[5:7]
TYPES = ("kubernetes-types@1.30.0", "typescript@7.0.2")
KINDS = {"Namespace": "core/v1", "ResourceQuota": "core/v1", "Job": "batch/v1", "CronJob": "batch/v1"}
AHEAD = 2 * STEP  # the period of the job and the next one are over then
YEAR = 365 * 24 * 3600
END = LAST - 1 + 42  # first period behind the contract


def market(unit, test):
    """A market with a contract of 2 units for 42 periods, the first two of which are over; its file."""
    m = PastMarket(sys.argv[1:5], JOURNAL_OF, unit)
    test.addClassCleanup(m.close)
    os.mkdir(f"{m.run}/contracts")
    path, end = f"{m.run}/contracts/1.json", time.monotonic() + PATIENCE
    while m.raw("contract", "save", "1", "--out", path, key="supplier").returncode == 4:
        assert time.monotonic() < end, "the notary signed nothing"
    return m, path


def check_types(test, items):
    """Every object is one of its type, without an unknown field; and the check itself finds faults."""
    if shutil.which("npm") is None:
        skips.without("types", "npm is not installed: the manifest was not checked against Kubernetes' types")
    with tempfile.TemporaryDirectory(prefix="ph") as folder:
        words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
        fetched = subprocess.run(["timeout", "90", *words, *TYPES], cwd=folder, capture_output=True, check=False)
        if fetched.returncode != 0:
            skips.without("types", f"npm could not fetch {TYPES[0]}: the manifest was not checked against Kubernetes' types")
        broken = json.loads(json.dumps(items[2]))
        broken["spec"]["activeDeadlineSecond"] = broken["spec"].pop("activeDeadlineSeconds")
        for n, item in enumerate([*items, broken]):
            kind = item["kind"]
            with open(f"{folder}/item{n}.ts", "w", encoding="utf-8") as f:
                f.write(f'import {{{kind}}} from "kubernetes-types/{KINDS[kind]}";\n'
                        f"export const item: {kind} = {json.dumps(item)};\n")  # fmt: skip
        done = subprocess.run(["node_modules/.bin/tsc", "--noEmit", "--strict", "--module", "nodenext",
                               "--moduleResolution", "nodenext", *(f"item{n}.ts" for n in range(len(items) + 1))],
                              cwd=folder, capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
        test.assertEqual(re.findall(r"^(item\d+)\.ts", done.stdout, re.M), [f"item{len(items)}"], done.stdout + done.stderr)
        test.assertIn("'\"activeDeadlineSecond\"' does not exist", done.stdout)


class ToSlurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        missing = private_slurm.missing()
        if missing:
            skips.without("slurm", f"{', '.join(missing)} missing: install slurmctld, slurmd, slurm-client and munge")
        if not FAKETIME:
            skips.without("faketime", "libfaketime is missing")
        if os.geteuid() != 0:
            skips.without("root", "slurmd starts jobs as their users and needs root")
        try:
            cls.slurm = private_slurm.Slurm(cores=2)
        except AssertionError as e:
            if "Unable to initialize cgroup plugin" not in str(e):
                raise
            skips.without("cgroups", "slurmd may not use this machine's control groups")
        cls.addClassCleanup(cls.slurm.close)
        cls.m, cls.path = market("core", cls)
        cls.notary = cls.m.keys["notary"]["sign_public"]
        done = cls.m.raw("contract", "reservation", cls.path, "--notary-key", cls.notary, "--users", "root", "--partition", "market")
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 1), done
        cls.slurm.run("sh", "-c", done.stdout)

    def reservation(self, *words):
        return self.m.raw("contract", "reservation", self.path, "--notary-key", self.notary, *words)

    def job(self, number):
        return dict(re.findall(r"(\w+)=(\S*)", self.slurm.run("scontrol", "show", "job", number)))

    def test_a_contract_is_a_reservation_and_its_use_is_paid(self):
        m, slurm = self.m, self.slurm
        name = f"petahour_1_{LAST - 1}"
        shown = dict(re.findall(r"(\w+)=(\S*)", slurm.run("scontrol", "show", "reservation", name)))
        self.assertEqual((shown["CoreCnt"], shown["Users"], shown["State"]), ("2", "root", "ACTIVE"))
        self.assertEqual(shown["EndTime"] + "Z", at(END * STEP))

        # What the buyer needs goes through the market, sealed; a job without it finds no core.
        access = f"{m.run}/access"
        with open(access, "w", encoding="ascii") as f:
            f.write(f"sbatch --parsable --reservation={name}\n")
        m.cli("access", "give", "1", "--file", access, key="supplier")
        command = shlex.split(m.raw("access", "show", "1", key="buyer").stdout)
        with open(f"{slurm.path}/job.sh", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexec sleep 4\n")
        stranger = slurm.run("sbatch", "--parsable", "--ntasks=1", "--output=/dev/null", "job.sh").strip()
        job = slurm.run(*command, "--ntasks=2", "--output=/dev/null", "job.sh").strip()
        slurm.wait(lambda: self.job(job)["JobState"] in ("RUNNING", "COMPLETED"))
        self.assertEqual(self.job(job)["Reservation"], name)
        self.assertEqual(self.job(stranger)["JobState"], "PENDING")
        slurm.run("scancel", stranger)
        slurm.wait(lambda: self.job(job)["JobState"] == "COMPLETED")
        form = "--format=JobID,State,Start,End,Reservation,NCPUS,NNodes"
        slurm.wait(lambda: f"{job}|COMPLETED" in slurm.run("sacct", "-c", "--parsable2", form))
        usage = slurm.run("sacct", "-c", "--parsable2", form)
        self.settle(usage, self.job(job))

    def settle(self, usage, job):
        """The hours pass; the supplier's meter reports, the buyer confirms, the money moves."""
        m = self.m
        path = f"{m.run}/usage.txt"
        with open(path, "w", encoding="ascii") as f:
            f.write(usage)
        seconds = [time.mktime(time.strptime(job[k], "%Y-%m-%dT%H:%M:%S")) for k in ("StartTime", "EndTime")]
        self.assertGreaterEqual(seconds[1] - seconds[0], 4)
        m.go_ahead(AHEAD)
        words = ["meter", "report", path, "--format", "sacct", "--contracts", f"{m.run}/contracts", "--notary-key", self.notary,
                 "--state", f"{m.run}/state", "--since", at((LAST - 1) * STEP), "--until", at((LAST + 3) * STEP), "--json"]  # fmt: skip
        environment = dict(os.environ, PETAHOUR_KEY=m.key("supplier"), PETAHOUR_CONNECT=f"{m.run}/gateway.ready")
        done = subprocess.run([m.ahead(m.petahour, AHEAD), *words], env=environment, capture_output=True, text=True,
                              timeout=PATIENCE, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done)
        rows = {r["period"]: r["delivered"] for r in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(sorted(rows), list(range(LAST - 1, LAST + 3)))
        self.assertEqual(sum(rows.values()), 2 * (seconds[1] - seconds[0]))
        used = {p: d for p, d in rows.items() if d > 0}
        for period in used:
            m.cli("delivery", "confirm", "1", "--period", str(period), key="buyer")
        paid = [r["amount"] for r in m.cli("cash", "list", key="supplier") if (r["reason"], r["contract"]) == ("PAYMENT", 1)]
        micro = [2_000_000 * delivered // (2 * STEP) for delivered in used.values()]
        self.assertEqual(paid, [f"0.{m:06d}" for m in micro])
        done = subprocess.run([AUDIT, "replay", m.journal], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_reserved_hours_count_without_a_job(self):
        """What scontrol says of the reservation, told for two periods: its node is drained from 300 s to 600 s of the first."""
        slurm = self.slurm
        update = ("scontrol", "update", f"nodename={slurm.host}")

        def told():
            return [line.strip() for what in ("node", "reservation")
                    for line in slurm.run("scontrol", "--oneliner", "show", what).splitlines() if line.strip()]  # fmt: skip

        def state():
            return re.search(r" State=(\S+)", told()[0])[1].split("+")

        # A job of the other test may be there yet, and is none of this one's.
        slurm.wait(lambda: state()[0] == "IDLE" and "DRAIN" not in state())
        up = told()
        slurm.run(*update, "state=drain", "reason=repair")
        slurm.wait(lambda: "DRAIN" in state())
        drained = told()
        slurm.run(*update, "state=resume")
        slurm.wait(lambda: "DRAIN" not in state())
        path = f"{self.m.run}/scontrol.txt"
        begin = (LAST - 1) * STEP
        with open(path, "w", encoding="utf-8") as f:
            for second in range(0, 2 * STEP + 1, 30):
                lines = drained if 300 <= second <= 600 else up
                f.writelines(f"{at(begin + second)} {line}\n" for line in lines)
        words = ["--contracts", f"{self.m.run}/contracts", "--notary-key", self.notary]
        rows = self.m.cli("meter", "count", path, "--format", "scontrol", *words)
        self.assertEqual([(r["period"], r["delivered"], r["outcome"]) for r in rows[:2]],
                         [(LAST - 1, 2 * (270 + 270), "counted"), (LAST, 2 * STEP, "counted")])  # fmt: skip
        self.assertEqual({r["delivered"] for r in rows[2:]}, {0})

    def test_cores_of_a_node_that_is_away_do_not_count(self):
        """Two cores on a node each, told in the way that scontrol tells which; of a node that it does not tell, none counts."""
        cores = "NodeName=n1 CoreIDs=0 NodeName=n2 CoreIDs=3-3"
        rows = [self.counted(second, cores, state) for second, state in ((60, "IDLE"), (60, "DOWN"))]
        self.assertEqual(rows, [2 * 60, 60])
        self.assertEqual([self.counted(60, "", state) for state in ("MIXED", "FAIL")], [2 * 60, 0])

    def counted(self, seconds, cores, state):
        path = f"{self.m.run}/cores.txt"
        with open(path, "w", encoding="utf-8") as f:
            for second in (0, seconds):
                for line in ("NodeName=n1 Gres=(null) State=ALLOCATED", f"NodeName=n2 Gres=(null) State={state}",
                             f"ReservationName=petahour_1_{LAST - 1} Nodes=n[1-2] NodeCnt=2 CoreCnt=2 Flags= {cores} State=ACTIVE"):  # fmt: skip
                    f.write(f"{at((LAST - 1) * STEP + second)} {line}\n")
        words = ["--format", "scontrol", "--contracts", f"{self.m.run}/contracts", "--notary-key", self.notary]
        return self.m.cli("meter", "count", path, *words)[0]["delivered"]

    def test_what_is_refused(self):
        for words, said in (
            ((), "give --users or --accounts"),
            (("--users", "a", "--accounts", "b"), "give --users or --accounts"),
            (("--users", "root; rm -rf /"), "other characters"),
        ):
            done = self.reservation(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(said, done.stderr)
        done = self.m.raw("contract", "reservation", self.path, "--notary-key", HASH, "--users", "root")
        self.assertEqual((done.returncode, done.stdout), (8, ""), done.stderr)


class ToKubernetes(unittest.TestCase):
    """The manifest against Kubernetes' own types, where npm can fetch them."""

    @classmethod
    def setUpClass(cls):
        cls.m, cls.path = market("card", cls)
        cls.notary = cls.m.keys["notary"]["sign_public"]

    def manifest(self, *words):
        return self.m.raw("contract", "manifest", self.path, "--notary-key", self.notary, *words)

    def items(self, *words):
        done = self.manifest("--image", "registry.example/train:1", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["items"]

    def lets_start(self, command, now):
        """What the guard of a pod says when its clock shows `now`."""
        with tempfile.TemporaryDirectory(prefix="ph") as folder:
            with open(f"{folder}/date", "w", encoding="ascii") as f:
                f.write(f"#!/bin/sh\n[ \"$*\" = +%s ] && echo {now}\n")
            os.chmod(f"{folder}/date", 0o755)
            done = subprocess.run(command, env={"PATH": f"{folder}:{os.environ['PATH']}"}, capture_output=True, check=False)
            self.assertEqual(done.stderr, b"")
            return done.returncode == 0

    def test_what_it_says(self):
        before = time.time()
        space, quota, run = self.items("--per-pod", "2", "--node-selector", "nvidia.com/gpu.product=NVIDIA-H100")
        self.assertEqual(space["metadata"]["name"], "petahour-1")
        self.assertEqual(space["metadata"]["annotations"]["petahour/buyer"], "buyer")
        self.assertEqual(quota["spec"]["hard"], {"requests.nvidia.com/gpu": "2"})
        self.assertEqual((run["kind"], run["metadata"]["namespace"]), ("Job", "petahour-1"))
        spec = run["spec"]
        self.assertEqual((spec["parallelism"], spec["completions"]), (1, 1))
        left = END * STEP - spec["activeDeadlineSeconds"]
        self.assertTrue(before - 1 <= left <= time.time(), "it ends with the contract")
        pod = spec["template"]["spec"]
        self.assertEqual(pod["nodeSelector"], {"nvidia.com/gpu.product": "NVIDIA-H100"})
        self.assertEqual(pod["containers"][0]["resources"]["limits"], {"nvidia.com/gpu": "2"})

    def test_a_contract_to_come_waits_for_its_hour(self):
        m, first = self.m, LAST + 20
        order = ["--product", "1", "--from", at(first * STEP), "--quantity", "3", "--price", "3"]
        m.cli("order", "sell", *order, "--periods", "8", key="supplier")
        bought = m.cli("order", "buy", *order, "--periods", "8", key="buyer")["trades"][0]["contract"]
        path, end = f"{m.run}/later.json", time.monotonic() + PATIENCE
        while m.raw("contract", "save", str(bought), "--out", path, key="buyer").returncode == 4:
            self.assertLess(time.monotonic(), end, "the notary signed nothing")
        done = m.raw("contract", "manifest", path, "--notary-key", self.notary, "--image", "x")
        run = json.loads(done.stdout)["items"][2]
        start = time.gmtime(first * STEP)
        self.assertEqual((run["kind"], run["spec"]["schedule"], run["spec"]["timeZone"]),
                         ("CronJob", f"{start.tm_min} {start.tm_hour} {start.tm_mday} {start.tm_mon} *", "Etc/UTC"))  # fmt: skip
        spec = run["spec"]["jobTemplate"]["spec"]
        self.assertEqual((spec["parallelism"], spec["activeDeadlineSeconds"]), (3, 8 * STEP))
        guard, workload = (spec["template"]["spec"][k][0] for k in ("initContainers", "containers"))
        self.assertEqual(guard["resources"], workload["resources"])
        for when, starts in ((0, True), (8 * STEP - 1, True), (-3600, False), (8 * STEP, False), (YEAR, False), (-YEAR, False)):
            self.assertEqual(self.lets_start(guard["command"], first * STEP + when), starts, when)
        done = m.raw("contract", "reservation", path, "--notary-key", self.notary, "--accounts", "lab", "--per-node", "2")
        self.assertEqual(done.stdout, f"TZ=UTC scontrol create reservation ReservationName=petahour_{bought}_{first} "
                         f"StartTime={at(first * STEP)[:-1]} EndTime={at((first + 8) * STEP)[:-1]} NodeCnt=2 Accounts=lab\n")  # fmt: skip
        # Whole nodes: what is reserved beyond what was sold is said, and the command is the same.
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, f"petahour: from {at(first * STEP)}: 3 units are not whole nodes of 2; the reservation takes "
                         "2 nodes, and with them 1 more than were sold\n")  # fmt: skip
        done = m.raw("contract", "reservation", path, "--notary-key", self.notary, "--accounts", "lab", "--per-node", "3")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        check_types(self, [*self.items(), run])

    def test_what_is_refused(self):
        for words, said in (
            (("--image", "x", "--per-pod", "3"), "2 units cannot be pods of 3 each"),
            (("--image", "x", "--per-pod", "0"), "at least 1"),
            (("--image", "x", "--node-selector", "h100"), "is LABEL=VALUE"),
            ((), "--image"),
        ):
            done = self.manifest(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(said, done.stderr)
        done = self.m.raw("contract", "reservation", self.path, "--notary-key", self.notary, "--users", "root")
        self.assertEqual(done.returncode, 2)
        self.assertIn('a contract of units "card" needs --per-node', done.stderr)


class NodesToKubernetes(unittest.TestCase):
    """Units that are nodes: a pod of one contract stands on a node where no other pod of any contract does."""

    @classmethod
    def setUpClass(cls):
        cls.m, cls.path = market("node", cls)

    def manifest(self, *words):
        return self.m.raw("contract", "manifest", self.path, "--notary-key", self.m.keys["notary"]["sign_public"], "--image", "x", *words)

    def test_no_two_pods_share_a_node(self):
        done = self.manifest()
        self.assertEqual(done.returncode, 0, done.stderr)
        items = json.loads(done.stdout)["items"]
        space, quota, run = items
        self.assertEqual(quota["spec"]["hard"], {"pods": "2"})
        self.assertEqual((run["spec"]["parallelism"], run["spec"]["completions"]), (2, 2))
        template = run["spec"]["template"]
        for box in (*template["spec"]["initContainers"], *template["spec"]["containers"]):
            self.assertNotIn("resources", box, "nothing else would keep two of them apart")
        [term] = template["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        self.assertEqual(term["topologyKey"], "kubernetes.io/hostname")
        # Of every contract: each has a namespace of its own, which a term without a selector does not leave.
        self.assertEqual(space["metadata"]["name"], "petahour-1")
        self.assertNotIn("namespaces", term)
        self.assertEqual(term.get("namespaceSelector"), {}, "the empty selector is all namespaces, none is the pod's own")
        labels = term["labelSelector"]["matchLabels"]
        self.assertEqual(labels, {k: template["metadata"]["labels"][k] for k in labels})
        self.assertEqual(labels, {"app.kubernetes.io/managed-by": "petahour"}, "what the pods of every contract have")
        check_types(self, items)

    def test_a_pod_is_a_node(self):
        done = self.manifest("--per-pod", "2")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("leave out --per-pod", done.stderr)


if __name__ == "__main__":
    skips.main(sys.argv[:1] + sys.argv[7:], verbosity=2)
