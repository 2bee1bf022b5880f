"""SIGKILL of any one process of ours at any moment: within a deadline nothing of the run is left, and no value on disk.

CONFIDE_KILLS says how many times each (30); CONFIDE_SEED replays a run.
"""

import contextlib
import os
import random
import signal
import subprocess
import time

import harness
from harness import CONFIDE, environment

KILLS = int(os.environ.get("CONFIDE_KILLS", "30"))
SEED = int(os.environ.get("CONFIDE_SEED") or random.SystemRandom().randrange(1 << 32))
DEADLINE_SECONDS = 10.0


def find_plain(process):
    return {"confide": process.pid}


def find_credentialed(process):
    """The processes of one run by their part, as far as they are there."""
    parts = {"confide": process.pid}
    children = {}
    for pid, (state, parent, name, _) in harness.processes().items():
        if state != "Z":
            children.setdefault(parent, []).append((pid, name))

    def child(parent, name, part):
        found = [pid for pid, of in children.get(parent, []) if of == name]
        if found:
            parts[part] = found[0]
        return found[0] if found else -1

    spawner = child(process.pid, "confide-broker", "spawner")
    child(spawner, "confide-broker", "confide-broker")
    supervisor = child(spawner, "confide-supervi", "confide-supervisor")
    # A root caller's idmapped mounts have a helper of the same name; pid 1 is the one that is 1 in its namespace.
    for pid, name in children.get(supervisor, []):
        if name == "confide-supervi" and harness.pid_in_its_namespace(pid) == 1:
            parts["pid 1"] = pid
    return parts


class Kill(harness.Case):
    @classmethod
    def setUpClass(cls):
        harness.become_subreaper()
        print(f"CONFIDE_SEED={SEED}")

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.canary = f"CANARY-{harness.new_token()}{harness.new_token()}"
        self.folder("secrets")
        self.options = []
        for deliver in ("env", "file", "fd"):
            self.options += self.secret(f"S_{deliver}".upper(), f"{self.canary}-{deliver}", deliver=deliver)
        self.before = self.files()

    def files(self):
        """What this uid owns where a program of ours could have put a value, without the secrets' own files."""
        found = {}
        for top in (self.project, "/tmp", "/var/tmp", "/dev/shm", "/run", os.path.expanduser("~")):
            for folder, folders, names in os.walk(top):
                folders[:] = [name for name in folders if not os.path.ismount(os.path.join(folder, name))]
                if folder == self.base:
                    names = [name for name in names if not name.endswith(".secret")]
                if folder.count("/") - top.count("/") > 3:
                    folders.clear()
                for name in names:
                    path = os.path.join(folder, name)
                    with contextlib.suppress(OSError):
                        status = os.lstat(path)
                        if status.st_uid == os.geteuid():
                            found[path] = status.st_mtime_ns
        return found

    def assert_nothing_on_disk(self):
        for path, changed in self.files().items():
            if self.before.get(path) == changed:
                continue
            with contextlib.suppress(OSError):
                with open(path, "rb") as file:
                    self.assertNotIn(self.canary.encode(), file.read(1 << 24), path)

    def rounds(self, target, options, find, longest=None):
        mounts = harness.mounts()
        hits = 0
        for number in range(KILLS * 4):
            if hits >= KILLS:
                break
            process = subprocess.Popen([CONFIDE, "run", *options, "--", "sh", "-c", "sleep 600 & setsid sleep 600 & sleep 600"], env=environment(),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
            # Most rounds fall into the start, some into the run.
            time.sleep(self.random.uniform(0, longest or self.random.choice((0.03, 0.12))))
            victim = harness.wait_for(lambda: find(process).get(target), 0.3, 0)
            if victim is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    hits += 1
                code = self.end_of(process, f"{target} was killed in round {number} (CONFIDE_SEED={SEED})")
                self.assertEqual(code, -signal.SIGKILL if target == "confide" else 125, f"{target} was killed in round {number} (CONFIDE_SEED={SEED})")
            else:
                process.kill()
                process.communicate()
            left = harness.reap_orphans(DEADLINE_SECONDS)
            self.kill_the_rest()
            self.assertEqual(left, [], f"left after {target} was killed in round {number} (CONFIDE_SEED={SEED})")
        self.assertGreaterEqual(hits, KILLS, "the process was hardly ever found")
        self.assertEqual(harness.mounts() - mounts, set())
        self.assert_nothing_on_disk()

    def end_of(self, process, what):
        try:
            _, error = process.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            # Either confide waits, or something that is left holds its output open.
            left = self.kill_the_rest()
            process.communicate()
            self.fail(f"no end of the output after {what}; left: {left}")
        self.assertNotIn(self.canary.encode(), error)
        return process.returncode

    @staticmethod
    def kill_the_rest():
        left = sorted(harness.descendants(os.getpid()).items())
        for pid, _ in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return left

    def test_confide_without_secrets(self):
        self.rounds("confide", [], find_plain)

    def test_confide_at_its_very_start(self):
        self.rounds("confide", [], find_plain, longest=0.006)

    def test_supervisor_at_its_very_start(self):
        self.rounds("confide-supervisor", self.options, find_credentialed, longest=0.001)

    def test_confide(self):
        self.rounds("confide", self.options, find_credentialed)

    def test_broker(self):
        self.rounds("confide-broker", self.options, find_credentialed)

    def test_spawner(self):
        self.rounds("spawner", self.options, find_credentialed)

    def test_supervisor(self):
        self.rounds("confide-supervisor", self.options, find_credentialed)

    def test_pid_1(self):
        self.rounds("pid 1", self.options, find_credentialed)


if __name__ == "__main__":
    harness.main()
