# SPDX-License-Identifier: Apache-2.0
"""A market that goes on from an old journal, with a replica, and with a database that settlement keeps."""

import os
import subprocess

from live_market import PATIENCE, Market
from past_market import PastMarket


class Books(PastMarket):
    """programs: of petahour, the engine, notary, gateway, replica and settlement; pg: a private_postgres.Cluster."""

    def __init__(self, programs, journal_of, pg):
        self.journal_of, self.unit = journal_of, "card"
        settle = f"database = {pg.conninfo('petahour_settle')}\n"
        path = os.path.join(pg.folder, "migrate.ini")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"[market]\nname = x\n[settle]\njournal = /tmp\n{settle}")
        subprocess.run([programs[5], "--config", path, "--migrate", pg.conninfo()], check=True, capture_output=True,
                       timeout=PATIENCE)  # fmt: skip
        Market.__init__(self, programs, settle=settle, gateway="questions_per_second = 1000\nquestion_burst = 1000\n")
