"""Many launches, one after the other and at once: nothing of them is left on the machine.

CONFIDE_LAUNCHES says how many in a row (200).
"""

import concurrent.futures
import os
import subprocess
import time

import harness
from harness import CONFIDE, environment

LAUNCHES = int(os.environ.get("CONFIDE_LAUNCHES", "200"))
AT_ONCE = 50
# What other tests of the same machine make meanwhile.
OF_OTHERS = ("t.", "ct.", "ct-", "case.", "cc", "confide-attacks", "confide-other", "confide-test")


def cgroups():
    """Every cgroup with confide in its name."""
    return {os.path.join(folder, name) for folder, names, _ in os.walk("/sys/fs/cgroup") for name in names if "confide" in name}


def files():
    """What this uid has in the folders for passing things."""
    found = set()
    for folder in ("/tmp", "/var/tmp", "/run", "/run/lock", "/dev/shm", "/dev/mqueue", f"/run/user/{os.geteuid()}"):
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(OF_OTHERS):
                continue
            try:
                if entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    found.add(entry.path)
            except OSError:
                continue
    return found


def home():
    """All names of the home, two levels deep."""
    top = os.path.expanduser("~")
    found = set()
    for folder, names, entries in os.walk(top):
        if folder[len(top) :].count("/") >= 2:
            names.clear()
        found.update(os.path.join(folder, name) for name in entries + names)
    return found


def segments():
    """System V objects of this uid whose maker is gone."""
    found = set()
    for kind, maker in (("shm", "cpid"), ("msg", "lspid")):
        with open(f"/proc/sysvipc/{kind}", encoding="utf-8") as file:
            names = file.readline().split()
            for line in file:
                row = dict(zip(names, line.split()))
                if row["uid"] == str(os.geteuid()) and not os.path.exists(f"/proc/{row[maker]}"):
                    found.add(f"{kind} {row[names[1]]}")
    return found


def keys():
    """Keyrings and keys of this process's own view, the session's left out."""
    with open("/proc/keys", encoding="utf-8") as file:
        return len(file.readlines())


class Leftovers(harness.Case):
    @classmethod
    def setUpClass(cls):
        harness.become_subreaper()

    def setUp(self):
        super().setUp()
        self.forms = {
            "plain": [],
            "secrets": [*self.secret("IN_ENV", "value-1"), *self.secret("IN_FILE", "value-2", deliver="file"), *self.secret("AS_FD", "value-3", deliver="fd")],
        }
        # What exists once for all exists from here on: a uid's user keyring, the folder of the records of failed runs.
        harness.run("true", options=self.forms["secrets"])
        harness.run("sh", "-c", "exit 3")
        self.before = self.state()

    def state(self):
        return {"mounts": harness.mounts(), "cgroups": cgroups(), "files": files(), "home": home(), "descriptors": set(os.listdir("/proc/self/fd")),
                "segments": segments()}

    def assert_nothing_left(self):
        left = harness.reap_orphans(15)
        self.assertEqual(left, [], "processes of runs that have ended")
        after = self.state()
        # Only what is new counts: other tests of the machine take theirs away meanwhile.
        for name in ("mounts", "cgroups", "descriptors", "segments"):
            self.assertEqual(after[name] - self.before[name], set(), name)
        for name in ("files", "home"):
            new = after[name] - self.before[name]
            harness.wait_for(lambda: not {path for path in new if os.path.lexists(path)}, 3)
            self.assertEqual({path for path in new if os.path.lexists(path)}, set(), name)
        self.assertEqual(sorted(os.listdir(self.project)), [".git"])

    def one(self, options, code):
        ran = subprocess.run([CONFIDE, "run", *options, "--", "sh", "-c", f"sleep 100 & touch /tmp/x /dev/shm/x ~/x; exit {code}"], env=environment(),
                             stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=harness.LIMIT_SECONDS)
        self.assertEqual(ran.returncode, code, ran)

    def in_a_row(self, form):
        keys_before = keys()
        for number in range(LAUNCHES):
            self.one(self.forms[form], number % 100)
        self.assert_nothing_left()
        # The kernel collects keyrings a little later.
        self.assertTrue(harness.wait_for(lambda: keys() <= keys_before + 5, 20, 0.5), (keys_before, keys()))

    def test_plain_runs(self):
        self.in_a_row("plain")

    def test_runs_with_secrets(self):
        self.in_a_row("secrets")

    def test_runs_that_fail(self):
        """Refused, not found, out of time: each kind of end, and none leaves anything."""
        for _ in range(max(5, LAUNCHES // 20)):
            for options, command, code in (
                ([], ["no-such-command"], 127), (self.forms["secrets"], ["no-such-command"], 127), ([], ["/usr"], 126),
                (["--secret", "A=file:///no/such"], ["true"], 123), (["--policy", "/no/such"], ["true"], 123),
                (["--timeout", "50ms"], ["sleep", "60"], 124), ([*self.forms["secrets"], "--timeout", "50ms"], ["sleep", "60"], 124),
                (["--read", "/no/such"], ["true"], 123), (self.forms["secrets"], ["sh", "-c", "kill -9 $$"], 137)):
                ran = harness.run(*command, options=options)
                self.assert_code(ran, code)
        self.assert_nothing_left()

    def test_at_once(self):
        """Fifty at a time: all right, each with its own values."""
        def launch(number):
            form = "secrets" if number % 2 else "plain"
            options = [*self.forms[form], "--env", f"NUMBER={number}"]
            return number, harness.run("sh", "-c", "sleep 0.2; echo $NUMBER $IN_ENV; test -z \"$IN_FILE_FILE\" || cat $IN_FILE_FILE", options=options)

        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for number, ran in pool.map(launch, range(AT_ONCE * 2)):
                self.assert_code(ran, 0)
                self.assertEqual(ran.text.split()[0], str(number), ran)
                if number % 2:
                    self.assertIn(b"concealed by confide: IN_ENV", ran.out, ran)  # in place of its value
                else:
                    self.assertEqual(ran.text, f"{number}\n", ran)
        self.assertLess(time.monotonic() - started, 80)
        self.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
