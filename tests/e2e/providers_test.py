"""Providers: each row's program is called as its table says, from a clean environment and, where the row says so, in a
sandbox; its value reaches the command and nobody else; each failure has its words; what fails is told all at once.

age, pass (gpg), secret-tool (gnome-keyring), systemd-creds, keyctl and the summon convention are the programs
themselves. Those of accounts that nobody here has are stand-ins: they print how they were called as the value.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import harness
from harness import Case, environment, need, run

# Prints how it was called as its value: argv, the names of its variables, what it sees.
STAND_IN = r"""#!/usr/bin/python3
import json, os, sys
seen = {"argv": sys.argv[1:], "environ": sorted(os.environ), "home": sorted(os.listdir(os.environ["HOME"])) if os.path.isdir(os.environ["HOME"]) else None,
        "project": os.path.exists(os.environ["HOME"] + "/../project/.git"), "stdin": sys.stdin.read()}
BODY
"""


class Providers(Case):
    def setUp(self):
        super().setUp()
        self.home = self.folder("home")
        self.folder("home/.config")
        self.bin = self.folder("bin")
        self.canary = f"CANARY-{harness.new_token()}"

    def shell(self, **more):
        inherited = environment()
        return environment(HOME=self.home, PATH=f"{self.bin}:{inherited['PATH']}", **more)

    def stand_in(self, program, body):
        return self.file(f"bin/{program}", STAND_IN.replace("BODY", body), 0o755)

    def script(self, path, text):
        self.folder(os.path.dirname(path))
        return self.file(path, f"#!/bin/sh\n{text}\n", 0o755)

    def get(self, *references, env=None, masked=False, **more):
        """What a command gets for each reference, as V0, V1, …"""
        options = [] if masked else ["--no-masking"]
        for i, reference in enumerate(references):
            options += ["--secret", f"V{i}={reference}"]
        show = "; ".join(f'printf %s "$V{i}"; printf "\\036"' for i in range(len(references)))
        return run("sh", "-c", show, options=options, env=env or self.shell(), **more)

    def value(self, reference, **more):
        ran = self.get(reference, **more)
        self.assert_code(ran, 0)
        return ran.text.split("\x1e")[0]

    def values(self, *references, **more):
        ran = self.get(*references, **more)
        self.assert_code(ran, 0)
        return ran.text.split("\x1e")[:-1]

    def called(self, reference, **more):
        """How a stand-in says that it was called."""
        return json.loads(self.value(reference, **more))

    def refused(self, reference, *words, **more):
        ran = self.get(reference, **more)
        self.assert_fails(ran, 123, reference.split("#")[0], *words)
        return ran.errors[0]


class TheProgramsThemselves(Providers):
    @need("age", "age-keygen")
    def test_age(self):
        identity = self.path("home/.config/age/identity.txt")
        self.folder("home/.config/age")
        subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True)
        recipient = subprocess.run(["age-keygen", "-y", identity], check=True, capture_output=True, text=True).stdout.strip()
        file = self.path("token.age")
        subprocess.run(["age", "-r", recipient, "-o", file], input=self.canary.encode() + b"\n", check=True)
        self.assertEqual(self.value(f"age://{file}"), self.canary + "\n")
        self.refused(f"age://{self.path('nothing.age')}", "age: no such item")
        self.refused(f"age://{self.file('no.age', 'not encrypted')}", "age: gave no usable value", "not one that age made")
        self.file("other.txt", subprocess.run(["age-keygen"], check=True, capture_output=True).stdout, 0o600)
        self.refused(f"age://{file}", "age: no permission", "other recipients", env=self.shell(AGE_IDENTITY_FILE=self.path("other.txt")))
        os.rename(identity, self.path("moved.txt"))
        self.refused(f"age://{file}", "age: not configured", "AGE_IDENTITY_FILE")
        self.assertEqual(self.value(f"age://{file}", env=self.shell(AGE_IDENTITY_FILE=self.path("moved.txt"))), self.canary + "\n")

    @need("pass", "gpg")
    def test_pass(self):
        gpg_home = tempfile.mkdtemp(prefix="g.", dir="/tmp")  # gpg-agent's socket has a short name
        self.addCleanup(shutil.rmtree, gpg_home, ignore_errors=True)
        env = self.shell(GNUPGHOME=gpg_home, PASSWORD_STORE_DIR=self.path("store"))
        self.addCleanup(subprocess.run, ["gpgconf", "--kill", "all"], env=env, capture_output=True)
        def ran(*argv, **more):
            subprocess.run(argv, env=env, check=True, capture_output=True, **more)
        self.refused("pass://a/b", "pass: ", env=env)
        ran("gpg", "--batch", "--passphrase", "", "--quick-gen-key", "lab <l@e.x>", "default", "default", "never")
        ran("pass", "init", "l@e.x")
        ran("pass", "insert", "-m", "-f", "a/b c", input=f"{self.canary}\nuser: x y\n".encode())
        self.assertEqual(self.values("pass://a/b c", "pass://a/b c#user", env=env), [self.canary, "x y"])
        self.refused("pass://a/missing", "pass: no such item", "`pass ls`", env=env)
        self.refused("pass://a/b c#pin", "pass: gave no usable value", "pin", env=env)

    @need("secret-tool", "gnome-keyring-daemon", "dbus-run-session")
    def test_secret_service(self):
        runtime = self.folder("runtime")
        os.chmod(runtime, 0o700)
        env = self.shell(XDG_RUNTIME_DIR=runtime)
        show = 'printf %s "$V"'
        script = f"""
            eval "$(printf '\\n' | gnome-keyring-daemon --unlock --components=secrets 2>/dev/null)"
            printf %s {self.canary} | secret-tool store --label=l service lab username 'a b' || exit 90
            {harness.CONFIDE} run --no-masking --secret 'V=secret-service://service=lab,username=a b' -- sh -c {show!r}
            echo " $?"
            {harness.CONFIDE} run --secret V=secret-service://service=none -- true
            echo " $?"
        """
        ran = subprocess.run(["dbus-run-session", "--", "sh", "-c", script], env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.stdout, f"{self.canary} 0\n 123\n", ran.stderr)
        self.assertIn("secret-tool: no such item: no item has these attributes", ran.stderr)
        self.refused("secret-service://service=lab", "secret-tool: not configured", env=self.shell())

    @need("systemd-creds")
    def test_systemd_creds(self):
        self.folder("home/.config/credstore.encrypted")
        place = self.path("home/.config/credstore.encrypted/api")
        subprocess.run(["systemd-creds", "encrypt", "--name=api", "--with-key=tpm2-absent", "-", place], input=self.canary.encode(),
                       check=True, capture_output=True)
        self.assertEqual(self.value("systemd-cred://api"), self.canary)
        shutil.copy(place, self.path("home/.config/credstore.encrypted/other"))
        self.refused("systemd-cred://other", "systemd-creds: no permission", "another name")
        self.refused("systemd-cred://none", "systemd-creds: no such item", "credstore.encrypted")
        self.folder("credentials")
        self.file("credentials/api", "of the directory\n", 0o400)
        self.assertEqual(self.value("systemd-cred://api", env=self.shell(CREDENTIALS_DIRECTORY=self.path("credentials"))), "of the directory\n")

    @need("keyctl")
    def test_keyring(self):
        script = f"""
            id=$(printf %s {self.canary} | keyctl padd user confide:test @s) || exit 90
            get='{harness.CONFIDE} run --no-masking --secret V=keyring://session/confide:test -- printenv V'
            $get; echo $?
            keyctl revoke $id; $get; echo $?
            {harness.CONFIDE} run --secret V=keyring://session/none -- true; echo $?
        """
        ran = subprocess.run(["keyctl", "session", "-", "sh", "-c", script], env=self.shell(), capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.stdout, f"{self.canary}\n0\n123\n123\n", ran.stderr)
        self.assertIn("keyring: no such item: the key has been revoked", ran.stderr)
        self.assertIn("keyring: no such item: no key of type user", ran.stderr)


class OwnPrograms(Providers):
    """exec:NAME, the summon convention: the id is the argument, standard output the value."""

    def test_confined(self):
        self.script("home/.config/confide/providers/mine", 'printf "%s|%s" "$#" "$1"')
        self.assertEqual(self.values("exec:mine/prod/db password", "exec:mine"), ["1|prod/db password", "0|"])
        self.script("home/.config/confide/providers/look", f'touch "$HOME/made" 2>/dev/null && echo writes; ls -d {self.project} /proc/[0-9]* | wc -l')
        seen = self.value("exec:look")
        self.assertNotIn("writes", seen)
        self.assertLessEqual(int(seen), 8)

    def test_unconfined_by_folder(self):
        self.script("home/.config/confide/providers-unconfined/mine", f'touch {self.path("made")}; echo "$1"')
        self.assertEqual(self.value("exec:mine/x"), "x")
        self.assertTrue(os.path.exists(self.path("made")))

    def test_failures(self):
        self.refused("exec:none", "not installed", "confide/providers")
        self.script("home/.config/confide/providers/bad", f'echo "{self.canary}"; echo "the vault is on fire" >&2; exit 3')
        ran = self.get("exec:bad")
        self.assert_fails(ran, 123, "exec:bad: exec: failed: exit status 3; exec:bad said “the vault is on fire”")
        self.assertNotIn(self.canary.encode(), ran.err)
        self.script("home/.config/confide/providers/empty", "exit 0")
        self.refused("exec:empty", "exec: failed: exit status 0")
        self.script("home/.config/confide/providers/much", "yes confide | head -c 6000000")
        self.refused("exec:much", "more than a secret can be")

    def test_errors_are_redacted(self):
        """A value of this run, a credential that the program was given, and what looks like one: in no message."""
        self.script("home/.config/confide/providers/good", f"echo {self.canary}")
        token = "ghp_" + harness.new_token() + harness.new_token()
        self.script("home/.config/confide/providers/leaks", f'echo "token {token} and {self.canary} are bad" >&2; exit 1')
        ran = self.get("exec:good", "exec:leaks")
        self.assert_fails(ran, 123, "exec:leaks")
        self.assertNotIn(self.canary, ran.errors[0])
        self.assertNotIn(token, ran.errors[0])

    def test_what_a_program_says_is_kept_nowhere(self):
        """Too short to be taken for a value, and printed by `set -x`: whoever waits sees it, no record and no status line has it."""
        short = harness.new_token()[:8]
        self.script("home/.config/confide/providers/traces", f"set -x; [ {short} = no ]")
        ran = self.get("exec:traces/a", "exec:traces/a", "exec:traces/b", status=True)
        self.assert_fails(ran, 123, f"; exec:traces/a said “+ [ {short} = no ]”; exec:traces/b said “+ [ {short} = no ]”")
        self.assertIn("exit status 1", ran.event("failed")["message"])
        self.assertNotIn(short, json.dumps(ran.events))
        read = harness.confide("read", "--to-fd", "1", "exec:traces", env=self.shell())
        self.assert_fails(read, 123, f"exec:traces: exec: failed: exit status 1; exec:traces said “+ [ {short} = no ]”")
        tested = harness.confide("provider", "test", "exec", "exec:traces", env=self.shell())
        self.assertIn(f"exec: failed: exit status 1, “+ [ {short} = no ]”", tested.text)
        runs = pathlib.Path(self.path("home/.local/state/confide/runs"))
        records = [file.read_text(encoding="utf-8") for file in runs.iterdir()]
        self.assertTrue(any("exec:traces" in record for record in records), "they are there")
        self.assertNotIn(short, "".join(records))

    def test_timeouts_do_not_wait_for_children(self):
        """A grandchild that keeps the pipe open delays nothing."""
        self.script("home/.config/confide/providers-unconfined/lingers", 'sleep 30 & echo value')
        started = time.monotonic()
        self.assertEqual(self.value("exec:lingers"), "value")
        self.assertLess(time.monotonic() - started, 10)

    def test_one_that_never_stops_talking(self):
        """Said by what it did, not by the time that it took; what comes from behind an answer delays nothing either."""
        self.script("home/.config/confide/providers/babbles", "exec yes")
        self.assert_fails(self.get("exec:babbles"), 123, "exec:babbles", "printed more than a secret can be")
        self.script("home/.config/confide/providers-unconfined/mutters", "yes >&2 & yes mutter >&2 & echo value")
        self.assertEqual(self.value("exec:mutters"), "value")

    def test_an_interrupt_does_not_wait_for_a_provider(self):
        self.script("home/.config/confide/providers/slow", "sleep 50")
        with harness.Background("run", "--secret", "V=exec:slow", "--", "true", env=self.shell()) as running:
            time.sleep(0.4)
            started = time.monotonic()
            running.signal(2)
            self.assertEqual(running.wait(), 125)
            self.assertLess(time.monotonic() - started, 5)
            self.assertIn(b"interrupted before the secrets were there", running.process.stderr.read())

    def test_a_killed_run_ends_the_program(self):
        token = harness.new_token()
        for folder in ("providers", "providers-unconfined"):
            self.script(f"home/.config/confide/{folder}/slow{folder[9:]}", f"exec sleep 60.{int(token[:6], 16)}")
            with harness.Background("run", "--secret", f"V=exec:slow{folder[9:]}", "--", "true", env=self.shell()) as running:
                self.assertTrue(harness.wait_for(lambda: harness.processes_with(f"60.{int(token[:6], 16)}")))
                running.process.kill()
                running.wait()
            self.assertEqual(harness.wait_for(lambda: not harness.processes_with(f"60.{int(token[:6], 16)}")), True)


class StandIns(Providers):
    """How each program is called. What the rows' goldens say of argv is checked in unit tests; here, that it happens."""

    PRINT = "print(json.dumps(seen), end='')"

    def assert_clean(self, seen, *allowed):
        usual = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "XDG_CONFIG_HOME"}
        self.assertLessEqual(set(seen["environ"]), usual | set(allowed), seen)

    def test_op_with_a_service_account_is_confined(self):
        self.stand_in("op", self.PRINT)
        self.file("home/private", "of the home")
        seen = self.called("op://v a/i/f", env=self.shell(OP_SERVICE_ACCOUNT_TOKEN=self.canary, AWS_SECRET_ACCESS_KEY="no", LD_PRELOAD=""))
        self.assertEqual(seen["argv"], ["read", "--no-newline", "op://v a/i/f"])
        self.assertIn("OP_SERVICE_ACCOUNT_TOKEN", seen["environ"])
        self.assert_clean(seen, "OP_SERVICE_ACCOUNT_TOKEN")
        self.assertNotIn("private", seen["home"])
        self.assertFalse(seen["project"])

    def test_op_of_the_desktop_is_not(self):
        self.stand_in("op", self.PRINT)
        self.file("home/private", "of the home")
        seen = self.called("op://v/i/f", env=self.shell(XDG_RUNTIME_DIR="/run/user/0", SECRET="no"))
        self.assertIn("private", seen["home"])
        self.assert_clean(seen, "XDG_RUNTIME_DIR")

    def test_op_is_asked_once_for_many(self):
        """Service accounts are counted by the request: one call, the values told apart whatever is in them."""
        calls = self.path("calls")
        self.file("calls", "")
        self.stand_in("op", f"""
import re
open({calls!r}, "a").write(" ".join(sys.argv[1:]) + chr(10))
values = {{"a": "one", "b": "two" + chr(10) + "lines --confide-", "c": "three " + chr(123) * 2 + " op://v/i/a " + chr(125) * 2}}
if sys.argv[1] == "inject":
    sys.stdout.write(re.sub(r"\\{{\\{{ op://v/i/(\\w) \\}}\\}}", lambda found: values[found[1]], seen["stdin"]))
else:
    sys.stdout.write(values[sys.argv[3][-1]])
""")
        got = self.values("op://v/i/a", "op://v/i/b", "op://v/i/c", "op://v/i/a")
        self.assertEqual(got, ["one", "two\nlines --confide-", "three {{ op://v/i/a }}", "one"])
        with open(calls, encoding="utf-8") as file:
            self.assertEqual(file.read(), "inject\n")

    def test_op_one_at_a_time_where_one_is_missing(self):
        calls = self.path("calls")
        self.file("calls", "")
        self.stand_in("op", f"""
import time
open({calls!r}, "a").write("begin" + chr(10))
time.sleep(0.05)
open({calls!r}, "a").write("end" + chr(10))
if sys.argv[1] == "inject" or sys.argv[3].endswith("missing"):
    sys.exit('[ERROR] 2024/06/07 17:56:25 "i" isn' + "'t an item in the vault")
print("value", end="")
""")
        ran = self.get("op://v/i/a", "op://v/i/missing", "op://v/i/b", "op://v/j/missing")
        self.assert_fails(ran, 123, "2 secrets cannot be had", "V1 (--secret): op://v/i/missing: op: no such item", "V3 (--secret): op://v/j/missing")
        with open(calls, encoding="utf-8") as file:
            self.assertEqual(file.read(), "begin\nend\n" * 5, "single flight")

    def test_op_rate_limit(self):
        calls = self.path("calls")
        self.file("calls", "")
        self.stand_in("op", f"""
open({calls!r}, "a").write("call" + chr(10))
sys.exit("[ERROR] 2023/06/26 11:55:32 (429) Too Many Requests: You've reached the maximum number of this type of requests this "
         "service account is allowed to make. Please retry in 58 minutes or try other requests.")
""")
        ran = self.get("op://v/i/a", "op://v/i/b", "op://v/i/c")
        self.assert_fails(ran, 123, "3 secrets cannot be had", "op: rate limited", "in a day", "op service-account ratelimit")
        with open(calls, encoding="utf-8") as file:
            self.assertEqual(file.read(), "call\n", "a limit is not asked again")

    def test_aws(self):
        self.stand_in("aws", 'print(json.dumps({"ARN": "x", "SecretString": json.dumps({"p.w": json.dumps(seen)})}, indent=4))')
        self.folder("home/.aws")
        self.file("home/.aws/credentials", "secret")
        self.file("home/other", "not for it")
        env = self.shell(AWS_PROFILE="p", AWS_SECRET_ACCESS_KEY=self.canary, GITHUB_TOKEN="no")
        seen = self.called("aws-sm://prod/db#p.w", env=env)
        self.assertEqual(seen["argv"], ["secretsmanager", "get-secret-value", "--secret-id", "prod/db", "--output", "json"])
        self.assert_clean(seen, "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY")
        self.assertEqual(seen["home"], [".aws"])
        self.refused("aws-sm://prod/db#none", "aws: gave no usable value", "there is no none in it", env=env)
        self.stand_in("aws", 'sys.stderr.write("An error occurred (ResourceNotFoundException) when calling"); sys.exit(254)')
        self.refused("aws-sm://prod/db", "aws: no such item", env=env)

    def test_gcloud(self):
        self.stand_in("gcloud", self.PRINT)
        self.assertEqual(self.called("gcp-sm://shop/KEY?version=3")["argv"],
                         ["secrets", "versions", "access", "3", "--secret=KEY", "--project=shop", "--quiet"])

    def test_doppler_and_infisical(self):
        self.stand_in("doppler", "print(json.dumps(seen))")
        self.stand_in("infisical", "print(json.dumps(seen)) if sys.argv[3] == 'KEY' else None")
        self.assertEqual(self.called("doppler://shop/stg/KEY", env=self.shell(DOPPLER_TOKEN=self.canary))["argv"],
                         ["secrets", "get", "KEY", "--plain", "--project", "shop", "--config", "stg"])
        self.assertEqual(self.called("infisical://shop/stg/a/KEY")["argv"],
                         ["secrets", "get", "KEY", "--plain", "--silent", "--projectId=shop", "--env=stg", "--path=/a"])
        self.refused("infisical://shop/stg/NONE", "infisical: no such item")

    def test_bw(self):
        self.stand_in("bw", """
if sys.argv[1:3] == ["get", "password"]: print(json.dumps(seen), end="")
else: print(json.dumps({"fields": [{"name": "pin", "value": "1234"}]}))
""")
        self.assertEqual(self.called("bw://git hub", env=self.shell(BW_SESSION="s"))["argv"], ["get", "password", "git hub", "--nointeraction", "--raw"])
        self.assertEqual(self.value("bw://git hub#pin"), "1234")

    def test_sops(self):
        self.stand_in("sops", self.PRINT)
        file = self.file("s.yaml", "db: ENC[]")
        self.assertEqual(self.called(f"sops://{file}#db.0")["argv"], ["--decrypt", "--extract", '["db"][0]', file])

    def test_gopass(self):
        self.stand_in("gopass", self.PRINT)
        self.assertEqual(self.called("gopass://a/b#user")["argv"], ["show", "--nosync", "a/b", "user"])


class Together(Providers):
    def test_every_failing_name_at_once(self):
        """Across providers, and without waiting for one after the other."""
        for name in ("one", "two", "three"):
            self.script(f"home/.config/confide/providers/{name}", f'sleep 0.7; echo "{name} is broken" >&2; exit 1')
        started = time.monotonic()
        ran = self.get("exec:one", "exec:two/x", "exec:three", "keyring://session/none", f"age://{self.path('none')}", "file:///none", "env:NOT_SET")
        self.assert_fails(ran, 123, "7 secrets cannot be had", "one is broken", "two is broken", "three is broken", "keyring: ", "age: ", "file:///none", "env:NOT_SET")
        self.assertEqual(ran.out, b"")
        self.assertLess(time.monotonic() - started, 2.0)

    def test_the_same_reference_once(self):
        calls = self.path("calls")
        self.file("calls", "")
        self.script("home/.config/confide/providers-unconfined/counts", f"echo called >> {calls}; echo value")
        self.assertEqual(self.values(*["exec:counts/x"] * 5, "exec:counts/y"), ["value"] * 6)
        with open(calls, encoding="utf-8") as file:
            self.assertEqual(file.read(), "called\n" * 2)

    def test_values_are_masked_in_the_run(self):
        self.script("home/.config/confide/providers/mine", f"echo {self.canary}")
        ran = self.get("exec:mine", masked=True)
        self.assert_code(ran, 0)
        self.assertNotIn(self.canary.encode(), ran.out)
        self.assertIn(b"<concealed by confide: V0>", ran.out)

    def test_program_of_the_project_is_not_called(self):
        """A PATH that npm or an agent made must not decide who is asked for a secret."""
        self.folder("project/node_modules/.bin")
        self.file("project/node_modules/.bin/op", "#!/bin/sh\necho stolen\n", 0o755)
        path = f"{self.project}/node_modules/.bin:.:{environment()['PATH']}"
        self.refused("op://v/i/f", "op: not installed", env={**self.shell(), "PATH": path})

    def test_program_that_others_may_write_is_not_called(self):
        self.stand_in("op", "print('value')")
        os.chmod(self.path("bin/op"), 0o777)
        self.refused("op://v/i/f", "op: not installed")
        os.chmod(self.path("bin/op"), 0o755)
        os.chmod(self.bin, 0o1777)
        self.refused("op://v/i/f", "op: not installed")

    def test_program_that_a_group_may_write_is_not_called(self):
        self.stand_in("op", "print('value', end='')")
        os.chmod(self.path("bin/op"), 0o775)
        private = os.getgid() == os.getuid()
        if private:
            self.assertEqual(self.value("op://v/i/f"), "value")
        if os.geteuid() == 0:
            os.chown(self.path("bin/op"), -1, 4711)
        if os.geteuid() == 0 or not private:
            self.refused("op://v/i/f", "op: not installed")

    def test_in_an_env_file(self):
        self.script("home/.config/confide/providers/mine", f'echo "of $1"')
        file = self.file("app.env", "A=exec:mine/a\nB=exec:mine/b\nC=plain\n")
        ran = run("sh", "-c", 'echo "$A $B $C"', options=["--no-masking", "--env-file", file], env=self.shell())
        self.assertEqual(ran.text, "of a of b plain\n", ran)


class TheVerb(Providers):
    """confide provider list | test"""

    def test_list(self):
        ran = harness.confide("provider", "list", "--json", env=self.shell())
        self.assert_code(ran, 0)
        rows = {row["name"]: row for row in json.loads(ran.text)}
        self.assertLess({"op", "vault", "connect", "age", "pass", "keyring", "exec"}, set(rows))
        self.assertTrue(rows["vault"]["installed"] and rows["keyring"]["installed"])
        self.assertFalse(rows["op"]["installed"])
        self.stand_in("op", "")
        self.assertIn("op                    op://             here", harness.confide("provider", "list", env=self.shell()).text)

    def test_says_what_a_run_would_say(self):
        self.stand_in("op", 'sys.exit("[ERROR] 2024/01/01 00:00:00 You are not currently signed in.")')
        words = "op: not signed in: sign in with `op signin`, or set OP_SERVICE_ACCOUNT_TOKEN"
        for arguments in (["op"], ["op", "op://v/i/f"]):
            ran = harness.confide("provider", "test", *arguments, env=self.shell())
            self.assertEqual((ran.code, ran.text), (123, words + "\n"), ran)
        self.refused("op://v/i/f", words)
        ran = harness.confide("provider", "test", "op", "--json", env=self.shell())
        self.assertEqual(json.loads(ran.text), [{"name": "op", "works": False, "meaning": "not-signed-in", "message": words}])

    def test_a_value_is_dropped(self):
        self.script("home/.config/confide/providers/mine", f"echo {self.canary}")
        ran = harness.confide("provider", "test", "exec", "exec:mine/x", env=self.shell())
        self.assertEqual((ran.code, ran.text, ran.err), (0, "exec:mine/x is resolved\n", b""), ran)

    def test_usage(self):
        for arguments, words in ((["test", "opp"], "did you mean `op`"), (["test", "op", "pass://x"], "no reference of this provider"),
                                 ([], "say what"), (["list", "--all"], "unknown option")):
            self.assert_fails(harness.confide("provider", *arguments, env=self.shell()), 2, words)


if __name__ == "__main__":
    harness.main()
