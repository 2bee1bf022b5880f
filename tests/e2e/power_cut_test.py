"""The vault's writer killed at each of its system calls, over and over: what was stored stays, what is half written is no
secret, and nothing is ever mixed.

After every kill the vault must open; it holds exactly the values of the writes that were finished, and of the killed one
either the whole value or nothing. CONFIDE_KILLS says how many; a round through all calls is finished.
"""

import os
import signal
import subprocess

import harness

WRITER = os.path.join(os.path.dirname(harness.BIN), "tests", "vault_writer")
KILLS = int(os.environ.get("CONFIDE_KILLS", "150"))


class PowerCut(harness.Case):
    def check(self, folder):
        ran = subprocess.run([WRITER, folder], capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout.splitlines()

    def write(self, folder, name, value, at=None):
        """Whether it was killed on entering `at`: a system call and which of its kind."""
        inject = [] if at is None else ["strace", "-qq", "-o", "/dev/null", "-e", "trace=all", "-e", f"inject={at[0]}:signal=SIGKILL:when={at[1]}"]
        ran = subprocess.run([*inject, WRITER, folder, name, value], capture_output=True, text=True, timeout=60)
        if ran.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
            return True
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return False

    def calls(self, folder):
        """The system calls of one write, in order; the write is done."""
        log = self.path("calls")
        subprocess.run(["strace", "-qq", "-o", log, WRITER, folder, "FIRST", "the first value"], check=True, timeout=60)
        seen, calls = {}, []
        with open(log, encoding="utf-8", errors="replace") as file:
            for line in file:
                call = line.partition("(")[0]
                if not call.isidentifier() or call == "execve":
                    continue
                seen[call] = seen.get(call, 0) + 1
                calls.append((call, seen[call]))
        self.assertTrue({"write", "fsync", "rename", "renameat"} & seen.keys(), seen)
        return calls

    def test_a_write(self):
        harness.need("strace")
        folder = self.folder("vault")
        self.write(folder, "FIRST", "the first value")
        stored = set(self.check(folder))
        kills = whole = 0
        while kills < KILLS:
            before = kills
            for at in self.calls(folder):
                value = f"value-{kills}"
                killed = self.write(folder, "A", value, at)
                found = set(self.check(folder))
                if not killed:  # one call fewer than last time
                    self.assertEqual(found, stored | {f"A {value}"})
                kills += killed
                self.assertLessEqual(stored, found, f"something was lost at {at}")
                self.assertLessEqual(found - stored, {f"A {value}"}, f"something is there that was not stored, at {at}")
                whole += bool(killed and found - stored)
                stored = found
            self.assertGreater(kills, before, "nothing was killed")
        self.assertGreater(whole, 0, "some kills come after the write was done")
        print(f"{kills} kills, {whole} of them after the value was stored")

    def test_the_making(self):
        harness.need("strace")
        calls = self.calls(self.folder("whole"))
        self.assertGreater(len(calls), 60)
        for number, at in enumerate(calls):
            folder = self.folder(f"vault-{number}")
            self.write(folder, "A", "the value", at)
            self.assertLessEqual(set(self.check(folder)), {"A the value"}, at)
            self.write(folder, "B", "after")
            self.assertIn("B after", self.check(folder), at)


if __name__ == "__main__":
    harness.main()
