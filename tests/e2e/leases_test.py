"""Leases: a run ends with its lease, whatever it does; a person begins one anew; `confide ps` shows names and times."""

import json
import os
import signal
import time

import harness
from harness import Background, Case, confide, environment, run


class Leases(Case):
    def setUp(self):
        super().setUp()
        self.runtime = self.folder("runtime")
        os.chmod(self.runtime, 0o700)
        self.env = environment(XDG_RUNTIME_DIR=self.runtime)
        self.canary = f"CANARY-{harness.new_token()}"
        self.options = self.secret("TOKEN", self.canary)

    def runs(self):
        ran = confide("ps", "--json", env=self.env)
        self.assert_code(ran, 0)
        self.assertNotIn(self.canary.encode(), ran.out)
        return json.loads(ran.text)

    def test_the_end_of_a_lease(self):
        started = time.monotonic()
        ran = run("sh", "-c", "sleep 60", options=[*self.options, "--lease", "700ms"], env=self.env)
        self.assert_fails(ran, 124, "the lease has ended")
        self.assertLess(time.monotonic() - started, 5)

    def test_it_ends_the_whole_tree_whatever_that_ignores(self):
        token = harness.new_token()[:6]
        ran = run("sh", "-c", f"trap '' TERM; setsid sleep 61.{int(token, 16)} & while :; do sleep 1; done",
                  options=[*self.options, "--lease", "500ms"], env=self.env)
        self.assert_code(ran, 124)
        self.assertTrue(harness.wait_for(lambda: not harness.processes_with(f"61.{int(token, 16)}")))

    def test_the_earlier_of_both_counts(self):
        ran = run("sleep", "60", options=[*self.options, "--lease", "1m", "--timeout", "500ms"], env=self.env)
        self.assert_fails(ran, 124, "the time limit")
        ran = run("sleep", "60", options=[*self.options, "--lease", "500ms", "--timeout", "1m"], env=self.env)
        self.assert_fails(ran, 124, "the lease")

    def test_usage(self):
        self.assert_fails(run("true", options=["--lease", "1m"]), 2, "use --timeout")
        self.assert_fails(run("true", options=[*self.options, "--lease", "soon"]), 2, "--lease takes a time")
        self.assert_fails(run("true", options=[*self.options, "--lease-renew"]), 2, "needs a lease")
        self.assert_fails(run("true", options=[*self.options, "--lease", "1m", "--lease-renew", "--timeout", "2m"]), 2, "contradict")

    def test_renewal(self):
        with Background("run", *self.options, "--lease", "2s", "--lease-renew", "--", "sh", "-c", "echo up; sleep 60", env=self.env) as running:
            self.assertEqual(running.line(), "up")
            time.sleep(1.2)
            before = self.runs()[0]["lease_left_ms"]
            self.assert_code(confide("ps", "--renew", str(running.pid), env=self.env), 0)
            self.assertTrue(harness.wait_for(lambda: self.runs()[0]["lease_left_ms"] > before))
            time.sleep(1.2)
            self.assertIsNone(running.process.poll(), "the first lease is over, the run is not")
            self.assertEqual(running.wait(), 124)

    def test_only_what_may_be_renewed(self):
        with Background("run", *self.options, "--lease", "1m", "--", "sh", "-c", "echo up; sleep 60", env=self.env) as running:
            self.assertEqual(running.line(), "up")
            self.assert_fails(confide("ps", "--renew", str(running.pid), env=self.env), 123, "--lease-renew")
            os.kill(running.pid, signal.SIGRTMIN + 1)  # nothing happens
            time.sleep(0.2)
            self.assertIsNone(running.process.poll())
        self.assert_fails(confide("ps", "--renew", str(os.getpid()), env=self.env), 123, "no such run")

    def test_ps(self):
        self.assertEqual(self.runs(), [])
        more = self.secret("OTHER", "of no interest")
        with Background("run", *self.options, *more, "--lease", "1m", "--", "sh", "-c", "echo up; sleep 60", "an argument", env=self.env) as running:
            self.assertEqual(running.line(), "up")
            (one,) = harness.wait_for(lambda: [run for run in self.runs() if run["names"]])
            self.assertEqual((one["pid"], one["command"], sorted(one["names"]), one["renewable"]), (running.pid, "sh", ["OTHER", "TOKEN"], False))
            self.assertTrue(0 < one["lease_left_ms"] <= 60000 and 0 <= one["age_ms"] < 60000, one)
            self.assertIn("lease ", confide("ps", env=self.env).text)
            folder = os.path.join(self.runtime, "confide/runs")
            self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    self.assertNotIn("argument", file.read())
            running.process.kill()
            running.wait()
            self.assertEqual(len(os.listdir(folder)), 1, "it could not tidy up")
            self.assertEqual(self.runs(), [])
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(run("true", options=self.options, env=self.env).code, 0)
        self.assertEqual(os.listdir(folder), [])

    def test_another_process_with_that_pid(self):
        self.runs()
        path = self.file("runtime/confide/runs/1.json", json.dumps({"pid": os.getpid(), "start_time": 1, "names": ["A"]}))
        self.assertEqual(self.runs(), [])
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    harness.main()
