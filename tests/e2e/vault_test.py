"""The embedded vault, environments and the verbs of a person's: what goes in comes out where it is asked for, and nowhere
else."""

import concurrent.futures
import glob
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import termios
import time

import harness
from harness import confide, environment
from pty_test import Terminal


class Case(harness.Case):
    """With a home of its own, so that each test has its own vault."""

    def setUp(self):
        super().setUp()
        self.home = self.folder("home")
        self.canary = f"CANARY-{harness.new_token()}"

    def env(self, **more):
        return environment(**{"HOME": self.home, **more})

    def do(self, *arguments, env=None, **more):
        return confide(*arguments, env=env or self.env(), **more)

    def ok(self, *arguments, **more):
        ran = self.do(*arguments, **more)
        self.assert_code(ran, 0)
        return ran

    def set(self, name, value=None, *options):
        return self.ok("secret", "set", name, *options, stdin=(value or self.canary).encode())

    def value(self, reference):
        return self.ok("read", "--to-fd", "1", reference).out.decode()

    def refused(self, *arguments, words=(), code=123, **more):
        ran = self.do(*arguments, **more)
        self.assert_code(ran, code)
        self.assertEqual(len(ran.errors), 1, ran)
        for word in words:
            self.assertIn(word, ran.errors[0], ran)
        self.assertEqual(ran.out, b"", ran)
        return ran

    def files(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.home) for name in names]

    def assert_nowhere_on_disk(self, text):
        for path in self.files():
            with open(path, "rb") as file:
                self.assertNotIn(text.encode(), file.read(), path)

    @property
    def vault(self):
        return os.path.join(self.home, ".local/share/confide/vault")


class FirstUse(Case):
    def test_without_flags_or_terminal(self):
        ran = self.set("staging/TOKEN")
        self.assertEqual(ran.text, "confide://staging/TOKEN version 1\n")
        self.assertIn("made the vault", ran.err.decode())
        self.assertIn("assurance level 0", ran.err.decode())
        self.assertEqual(self.value("confide://staging/TOKEN"), self.canary)
        self.assert_nowhere_on_disk(self.canary)
        self.assert_nowhere_on_disk("TOKEN")
        for path in self.files():
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)

    def test_where_the_variables_say(self):
        elsewhere = self.path("elsewhere")
        self.ok("secret", "set", "A", stdin=b"a", env=self.env(CONFIDE_VAULT=elsewhere))
        self.assertTrue(os.path.exists(f"{elsewhere}/key/master"))
        data = self.path("data")
        self.ok("secret", "set", "A", stdin=b"a", env=self.env(XDG_DATA_HOME=data))
        self.assertTrue(os.path.exists(f"{data}/confide/vault/key/master"))
        self.assertFalse(os.path.exists(self.vault))

    def test_nothing_is_made_by_looking(self):
        self.assertEqual(self.ok("secret", "list").text, "")
        self.refused("vault", "status", words=["there is no vault yet", "confide secret set"])
        self.assertEqual(self.files(), [])

    def test_a_value_is_never_a_word(self):
        self.refused("secret", "set", "NAME", self.canary, code=2, words=["open to everybody"])
        ran = self.do("secret", "set", "NAME", self.canary)
        self.assertNotIn(self.canary, ran.err.decode())


class Secrets(Case):
    def test_any_bytes(self):
        for name, data in (("binary", bytes(range(256))), ("large", os.urandom(1 << 20)), ("empty", b"")):
            path = self.file(name, data)
            self.ok("secret", "set", name, "--from-file", path)
            self.assertEqual(self.ok("read", "--to-fd", "1", f"confide://{name}").out, data)
        self.refused("secret", "set", "larger", "--from-file", self.file("larger", b"x" * ((1 << 20) + 1)), words=["limit"])

    def test_a_new_value_reaches_the_next_run(self):
        digest = lambda: self.ok("run", "--secret", "A=confide://A", "--", "sh", "-c", 'printf %s "$A" | sha256sum').text.split()[0]
        self.set("A", "the first value")
        self.assertEqual(digest(), hashlib.sha256(b"the first value").hexdigest())
        self.ok("secret", "rotate", "A", stdin=b"the second value\n")
        self.assertEqual(digest(), hashlib.sha256(b"the second value").hexdigest())
        self.assertEqual(self.value("confide://A?version=1"), "the first value")
        self.refused("read", "--to-fd", "1", "confide://A?version=9", words=["no version 9"])
        self.refused("secret", "rotate", "B", stdin=b"x", words=["no secret B"])

    def test_generated(self):
        self.ok("secret", "set", "A", "--generate", "alnum:24")
        first = self.value("confide://A")
        self.assertEqual(len(first), 24)
        self.ok("secret", "rotate", "A")
        self.assertNotEqual(self.value("confide://A"), first)
        self.assertEqual(json.loads(self.ok("secret", "show", "A", "--json").text)["generator"], "alnum:24")
        self.refused("secret", "set", "A", "--generate", "pin", code=2, words=["alnum"])

    def test_listed_without_values(self):
        self.set("A")
        self.set("staging/B", self.canary, "--expires", "90d")
        self.ok("env", "set", "work", "B=confide://staging/B")
        listed = self.ok("secret", "list").text
        self.assertRegex(listed, r"A +version 1, just now\nstaging/B +version 1, just now, expires \d{4}-\d\d-\d\d \d\d:\d\d UTC, in work\n")
        rows = json.loads(self.ok("secret", "list", "--json").text)
        self.assertEqual([row["name"] for row in rows], ["A", "staging/B"])
        self.assertEqual(rows[1]["environments"], ["work"])
        self.assertNotIn(self.canary, listed + json.dumps(rows) + self.ok("secret", "show", "A").text)

    def test_expired_is_said(self):
        self.set("A", "a value", "--expires", "1s")
        time.sleep(1.1)
        ran = self.ok("run", "--secret", "A=confide://A", "--", "true")
        self.assertIn("A has expired", ran.err.decode())

    def test_removed_is_gone(self):
        self.set("A")
        self.ok("env", "set", "work", "A=confide://A")
        ran = self.ok("secret", "rm", "A")
        self.assertIn("environment work still names confide://A", ran.err.decode())
        self.refused("read", "--to-fd", "1", "confide://A", words=["no secret A"])
        self.refused("secret", "rm", "A", words=["no secret A"])

    def test_old_versions_go(self):
        for value in ("one", "two", "three"):
            self.set("A", value)
        self.assertIn("2 versions", self.ok("vault", "gc", "--keep", "1").text)
        self.assertEqual(self.value("confide://A"), "three")
        self.assertEqual(json.loads(self.ok("vault", "status", "--json").text)["versions"], 1)

    def test_no_value_to_a_pipe_unasked_and_to_no_file(self):
        self.set("A")
        self.refused("secret", "reveal", "A", words=["--to-fd"])
        self.refused("read", "confide://A", words=["--to-fd"])
        with open(self.path("out"), "wb") as out:
            ran = self.do("read", "--to-fd", "1", "confide://A", stdout=out)
        self.assert_fails(ran, 123, "file on disk")
        with open(self.path("out"), "rb") as out:
            self.assertEqual(out.read(), b"")


class Store(Case):
    def test_an_older_store_is_noticed(self):
        self.set("A", "first")
        shutil.copytree(f"{self.vault}/store", self.path("backup"))
        self.set("A", "second")
        shutil.rmtree(f"{self.vault}/store")
        shutil.copytree(self.path("backup"), f"{self.vault}/store")
        for arguments in (("run", "--secret", "A=confide://A", "--", "true"), ("secret", "list"), ("secret", "set", "A")):
            self.refused(*arguments, stdin=b"x", words=[f"{self.vault}/store/index is older", "accept-restore"])
        self.ok("vault", "accept-restore")
        self.assertEqual(self.value("confide://A"), "first")

    def test_a_damaged_file_is_named_and_nothing_else_is_lost(self):
        self.set("A", "value of a")
        self.set("B", "value of b")
        path = glob.glob(f"{self.vault}/store/items/*")[0]
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(data[:-1])
        ran = self.do("run", "--secret", "A=confide://A", "--secret", "B=confide://B", "--", "true")
        self.assert_fails(ran, 123, path, "cut off or damaged")
        with open(path, "wb") as file:
            file.write(data)
        self.assertEqual([self.value("confide://A"), self.value("confide://B")], ["value of a", "value of b"])

    def test_a_key_that_others_may_read_is_refused(self):
        self.set("A")
        os.chmod(f"{self.vault}/key/master", 0o644)
        self.refused("secret", "list", words=["mode 0600"])

    def test_two_writers(self):
        self.set("A")
        writers = [harness.Background("secret", "set", "A", "--generate", "hex", env=self.env()) for _ in range(6)]
        for writer in writers:
            with writer:
                self.assertEqual(writer.wait(60), 0)
        self.assertEqual(json.loads(self.ok("vault", "status", "--json").text)["versions"], 7)


class Typing(Case):
    """On a terminal of the test's own."""

    def terminal(self, *arguments):
        return Terminal([harness.CONFIDE, *arguments], env=self.env())

    def make(self, kind="passphrase"):
        with self.terminal("vault", "init", "--key", kind) as terminal:
            terminal.expect("New passphrase")
            terminal.type(b"correct horse\r")
            terminal.expect("Again")
            terminal.type(b"correct horse\r")
            terminal.expect("secrets +0")
            self.assertEqual(terminal.wait(), 0)


class Passphrase(Typing):
    def test_typed_for_each_use_and_not_echoed(self):
        self.make()
        with self.terminal("secret", "set", "A") as terminal:
            terminal.expect("Passphrase of the vault")
            terminal.type(b"correct horse\r")
            terminal.expect("Value of A")
            terminal.type(f"wrong\x15{self.canary}x\x7f\r".encode())
            seen = terminal.expect("version 1")
            self.assertEqual(terminal.wait(), 0)
            self.assertNotIn(self.canary, str(seen))
        with self.terminal("secret", "reveal", "A") as terminal:
            terminal.expect("Passphrase")
            terminal.type(b"correct horse\r")
            terminal.expect(self.canary)
            self.assertEqual(terminal.wait(), 0)
        with self.terminal("run", "--secret", "A=confide://A", "--", "sh", "-c", "echo length ${#A}") as terminal:
            terminal.expect("Passphrase")
            terminal.type(b"correct horse\r")
            terminal.expect(f"length {len(self.canary)}")
            self.assertEqual(terminal.wait(), 0)

    def test_wrong_or_given_up(self):
        self.make()
        for typed, word in ((b"wrong horse\r", "passphrase is wrong"), (b"\x03", "given up"), (b"\x04", "given up")):
            with self.terminal("secret", "list") as terminal:
                terminal.expect("Passphrase")
                terminal.type(typed)
                terminal.expect(word)
                self.assertEqual(terminal.wait(), 123)

    def test_echo_comes_back_whatever_ends_it(self):
        self.make()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.terminal("secret", "list") as terminal:
                terminal.expect("Passphrase")
                os.kill(terminal.pid, number)
                self.assertEqual(terminal.wait(), 123)
                self.assertTrue(terminal.settings()[3] & termios.ECHO)

    def test_without_a_terminal_it_is_refused(self):
        self.make()
        self.refused("secret", "list", words=["passphrase", "no terminal"])
        self.refused("run", "--secret", "A=confide://A", "--", "true", words=["A (--secret)", "no terminal"])

    def test_another_lock(self):
        self.make()
        with self.terminal("vault", "rekey", "--key", "file") as terminal:
            terminal.expect("Passphrase")
            terminal.type(b"correct horse\r")
            terminal.expect("level 0")
            self.assertEqual(terminal.wait(), 0)
        self.set("A")
        self.assertEqual(self.value("confide://A"), self.canary)


class Keyring(Typing):
    """A passphrase once a boot: then the kernel has the key, for every process of the uid."""

    def setUp(self):
        super().setUp()
        self.before = self.keys()

    def tearDown(self):
        for name in self.keys() - self.before:
            subprocess.run(["keyctl", "purge", "user", name], check=True, stdout=subprocess.DEVNULL)
        super().tearDown()

    def keys(self):
        """The vaults' keys in the user's keyring, by name."""
        listed = subprocess.run(["keyctl", "rlist", "@u"], capture_output=True, text=True, check=True).stdout.split()
        names = [subprocess.run(["keyctl", "rdescribe", key], capture_output=True, text=True).stdout.strip().split(";")[-1] for key in listed]
        return {name for name in names if name.startswith("confide:vault:")}

    def test_typed_once_and_again_when_it_is_gone(self):
        self.make("keyring")
        made = self.keys() - self.before
        self.assertEqual(len(made), 1, made)
        self.set("A")  # nobody is asked
        self.assertEqual(self.value("confide://A"), self.canary)
        ran = self.do("run", "--secret", "A=confide://A", "--", "sh", "-c", "printf %s $A | sha256sum")
        self.assertEqual(ran.text.split()[0], hashlib.sha256(self.canary.encode()).hexdigest(), ran)
        self.assertIn("level 0", self.ok("vault", "status").text + ran.err.decode() + self.ok("vault", "rekey", "--key", "file").err.decode())
        self.assert_nowhere_on_disk(self.canary)

    def test_gone_with_another_kind_of_key(self):
        self.make("keyring")
        self.assertEqual(len(self.keys() - self.before), 1)
        self.set("A")
        self.ok("vault", "rekey", "--key", "file")
        self.assertEqual(self.keys() - self.before, set())
        self.assertEqual(self.value("confide://A"), self.canary)

    def test_after_a_reboot(self):
        self.make("keyring")
        self.set("A")
        for name in self.keys() - self.before:
            subprocess.run(["keyctl", "purge", "user", name], check=True, stdout=subprocess.DEVNULL)
        self.refused("secret", "list", words=["passphrase", "no terminal"])
        with self.terminal("secret", "list") as terminal:
            terminal.expect("Passphrase of the vault")
            terminal.type(b"correct horse\r")
            terminal.expect("A")
            self.assertEqual(terminal.wait(), 0)
        self.assertEqual(self.value("confide://A"), self.canary)


class SystemdCreds(Case):
    """The key sealed by systemd-creds with the host's key, which root alone can use."""

    HOST_KEY = "/var/lib/systemd/credential.secret"

    def setUp(self):
        super().setUp()
        if harness.AS_ROOT and not os.path.exists(self.HOST_KEY):
            subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True)
            self.addCleanup(os.unlink, self.HOST_KEY)

    def test_root_makes_and_opens_one(self):
        if not harness.AS_ROOT:
            self.refused("vault", "init", "--key", "systemd-creds", words=["only root", "--key passphrase"])
            return
        self.ok("vault", "init", "--key", "systemd-creds")
        self.set("A")
        self.assertEqual(self.value("confide://A"), self.canary)
        ran = self.ok("run", "--secret", "A=confide://A", "--", "sh", "-c", "printf %s $A | sha256sum")
        self.assertEqual(ran.text.split()[0], hashlib.sha256(self.canary.encode()).hexdigest(), ran)
        self.assertIn("systemd-creds", self.ok("vault", "status").text)
        self.assert_nowhere_on_disk(self.canary)
        # There and back again, with the same values.
        self.ok("vault", "rekey", "--key", "file")
        self.ok("vault", "rekey", "--key", "systemd-creds")
        self.assertEqual(self.value("confide://A"), self.canary)

    def test_another_key_or_a_damaged_one_opens_nothing(self):
        if not harness.AS_ROOT:
            return  # root's alone
        self.ok("vault", "init", "--key", "systemd-creds")
        self.set("A")
        path = f"{self.vault}/key/master"
        with open(path, "rb") as file:
            data = file.read()
        sealed = subprocess.run(["systemd-creds", "encrypt", "--name=confide-vault", "--with-key=host", "-", "-"],
                                input=os.urandom(32), capture_output=True, check=True).stdout
        self.ok("vault", "status")
        position = data.index(b"Whxqht")  # how every credential under the host's key begins
        end = len(data) - 32
        self.assertEqual(len(sealed), end - position, "the layout of the key file is another one")
        with open(path, "wb") as file:
            file.write(data[:position] + sealed + data[end:])
        self.refused("secret", "list", words=["key/master", "damaged, or its key is another vault's"])
        with open(path, "wb") as file:
            file.write(data[:position + 60] + (b"A" if data[position + 60:position + 61] != b"A" else b"B") + data[position + 61:])
        self.refused("secret", "list", words=["key/master", "systemd-creds"])
        with open(path, "wb") as file:
            file.write(data)
        self.assertEqual(self.value("confide://A"), self.canary)

    def test_without_the_program(self):
        """As on a host that has no systemd: said, and nothing made."""
        if not harness.AS_ROOT:
            return
        hide = ["unshare", "-m", "sh", "-c", 'mount --bind /dev/null /usr/bin/systemd-creds; exec "$@"', "sh"]
        ran = self.do("vault", "init", "--key", "systemd-creds", prefix=hide)
        self.assert_fails(ran, 123, "systemd-creds", "not installed")
        self.assertEqual(self.files(), [])


class Environments(Case):
    ENV_FILE = '# kept\nexport DB_URL="postgres://u:{0}@h/db"   # tail\nAPI_KEY=\'{0}-key\'\nREF=confide://staging/TOKEN\nEMPTY=\n'

    def test_import_and_rewrite(self):
        path = self.file("project/.env", self.ENV_FILE.format(self.canary), 0o640)
        self.set("staging/TOKEN", "another value")
        ran = self.ok("env", "import", "dev", path, "--rewrite")
        self.assertNotIn(self.canary, ran.text + ran.err.decode())
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), '# kept\nexport DB_URL="confide://dev/DB_URL"   # tail\nAPI_KEY=\'confide://dev/API_KEY\'\n'
                                          "REF=confide://staging/TOKEN\nEMPTY=\n")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        self.assertEqual(sorted(os.listdir(self.project)), [".env", ".git"])
        self.assert_nowhere_on_disk(self.canary)
        script = 'printf %s "$DB_URL|$API_KEY|$REF" | sha256sum'
        wanted = hashlib.sha256(f"postgres://u:{self.canary}@h/db|{self.canary}-key|another value".encode()).hexdigest()
        for options in (["--environment", "dev"], ["--env-file", path]):
            self.assertEqual(self.ok("run", *options, "--", "sh", "-c", script).text.split()[0], wanted)

    def test_a_link_is_followed_not_replaced(self):
        target = self.file("project/real.env", f"A={self.canary}\n")
        os.symlink("real.env", self.path("project/.env"))
        self.ok("env", "import", "dev", self.path("project/.env"), "--rewrite")
        self.assertTrue(os.path.islink(self.path("project/.env")))
        with open(target, encoding="utf-8") as file:
            self.assertEqual(file.read(), "A=confide://dev/A\n")

    def test_verbs(self):
        self.ok("env", "create", "one")
        self.refused("env", "create", "one", words=["already"])
        self.ok("env", "set", "one", "A=op://v/i/f", "B=confide://B,deliver=file,path=/run/b")
        self.assertEqual(self.ok("env", "show", "one").text, "A=op://v/i/f\nB=confide://B  deliver=file,path=/run/b\n")
        self.refused("env", "set", "one", "A=plain-value", words=["A"])
        self.ok("env", "rename", "one", "two")
        self.refused("env", "show", "one", words=["no environment one"])
        self.ok("env", "rm", "two", "B")
        self.assertEqual(self.ok("env", "list").text, "two  1 variable\n")
        self.ok("env", "rm", "two")
        self.assertEqual(json.loads(self.ok("env", "list", "--json").text), [])

    def test_of_changes_at_once_none_is_lost(self):
        names = [f"N{number}" for number in range(12)]
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(lambda name: self.ok("env", "set", "staging", f"{name}=confide://{name}"), names))
        shown = self.ok("env", "show", "staging").text.split()
        self.assertEqual(sorted(shown), sorted(f"{name}=confide://{name}" for name in names))

    def test_precedence(self):
        self.set("SHELL", "from the shell")
        self.set("FILE", "from the file")
        self.set("ENVIRONMENT", "from the environment")
        self.set("FLAG", "from the flag")
        path = self.file("project/x.env", "A=confide://FILE\nB=confide://FILE\nC=confide://FILE\n")
        self.ok("env", "set", "e", "A=confide://ENVIRONMENT", "B=confide://ENVIRONMENT")
        shell = {name: "confide://SHELL" for name in "ABCD"}
        ran = self.ok("run", "--no-masking", "--env-file", path, "--environment", "e", "--secret", "A=confide://FLAG", "--",
                      "sh", "-c", 'echo "$A|$B|$C|$D"', env=self.env(**shell))
        self.assertEqual(ran.text, "from the flag|from the environment|from the file|from the shell\n")

    def test_of_a_named_policy(self):
        self.set("A", "value of a")
        policy = self.file("project/p.toml",
                           'version = 1\n[environment.staging]\nA = "confide://A"\nMODE = { value = "fast" }\n')
        ran = self.ok("run", "--no-masking", "--policy", policy, "--environment", "staging", "--", "sh", "-c", "echo $A $MODE")
        self.assertEqual(ran.text, "value of a fast\n")

    def test_an_unknown_one_launches_nothing(self):
        self.refused("run", "--environment", "stagin", "--", "echo", "ran", words=["no environment stagin"])


class Run(Case):
    def test_references_of_the_shell_are_resolved(self):
        self.set("A", "value of a")
        ran = self.ok("run", "--no-masking", "--", "sh", "-c", "echo $X", env=self.env(X="confide://A"))
        self.assertEqual(ran.text, "value of a\n")

    def test_every_failing_name_is_listed_and_nothing_runs(self):
        self.set("A")
        path = self.file("project/x.env", "F=confide://NONE2\nG=confide://A\n")
        ran = self.do("run", "--env-file", path, "--secret", "S=file:///nonexistent", "--", "touch", "ran",
                      env=self.env(X="confide://NONE1", Y="op://"))
        self.assert_fails(ran, 123, "X (the shell)", "Y (the shell)", "F (", "S (--secret)")
        self.assertNotIn("G (", ran.errors[0])
        self.assertFalse(os.path.exists("ran"))

    def test_a_variable_inside_a_reference(self):
        self.set("staging/A", "of staging")
        self.ok("env", "set", "e", "A=confide://A")
        path = self.file("project/x.env", "A=confide://${STAGE:-none}/A\n")
        ran = self.ok("run", "--no-masking", "--env-file", path, "--", "sh", "-c", "echo $A", env=self.env(STAGE="staging"))
        self.assertEqual(ran.text, "of staging\n")

    def test_a_template_in_an_env_file(self):
        self.set("PW", self.canary)
        path = self.file("project/x.env", 'URL="postgres://u:{{ confide://PW }}@h/db"\n')
        ran = self.ok("run", "--env-file", path, "--", "sh", "-c", 'printf %s "$URL" | sha256sum; p=${URL#*u:}; echo ${p%@*}')
        self.assertEqual(ran.text.split()[0], hashlib.sha256(f"postgres://u:{self.canary}@h/db".encode()).hexdigest())
        self.assertIn("<concealed by confide:", ran.text)
        self.assertNotIn(self.canary, ran.text)

    def test_a_template_as_a_file(self):
        self.set("A", self.canary)
        template = self.file("project/t", "password: {{ confide://A }}\n")
        ran = self.ok("run", "--template", f"{template}=/run/secrets/config.yml", "--",
                      "sh", "-c", "sha256sum </run/secrets/config.yml; cat /run/secrets/config.yml")
        self.assertEqual(ran.text.split()[0], hashlib.sha256(f"password: {self.canary}\n".encode()).hexdigest())
        self.assertNotIn(self.canary, ran.text)

    def test_what_an_import_left_shown_with_its_values(self):
        self.file("project/.env", f'# ours\nMODE=fast\nTOKEN="{self.canary}"\n')
        self.ok("env", "import", "staging", ".env", "--rewrite")
        with open(".env", encoding="utf-8") as file:
            left = file.read()
        self.assertIn("confide://staging/TOKEN", left)
        self.assertNotIn(self.canary, left)
        ran = self.ok("run", "--template", ".env=.env", "--", "sh", "-c", ". ./.env; printf %s $TOKEN | sha256sum; cat .env")
        self.assertEqual(ran.text.split()[0], hashlib.sha256(self.canary.encode()).hexdigest(), ran)
        self.assertNotIn(self.canary, ran.text)
        with open(".env", encoding="utf-8") as file:
            self.assertEqual(file.read(), left)

    def test_an_environment_says_where_a_file_appears(self):
        self.set("DOTENV", f"TOKEN={self.canary}\n")
        self.file("project/.env", "TOKEN=confide://TOKEN\n")
        self.ok("env", "set", "dev", "DOTENV=confide://DOTENV,deliver=file,path=.env")
        os.mkdir("sub")
        os.chdir("sub")
        ran = self.ok("run", "--environment", "dev", "--", "sh", "-c", ". ../.env; printf %s $TOKEN | sha256sum; echo $DOTENV_FILE")
        self.assertEqual(ran.text.split(), [hashlib.sha256(self.canary.encode()).hexdigest(), "-", os.path.join(self.project, ".env")], ran)

    def test_without_a_reference_there_is_no_broker(self):
        ran = self.ok("run", "--", "echo", "plain", env=self.env(X="https://example.com", Y="op:/no"))
        self.assertEqual(ran.text, "plain\n")


class Inject(Case):
    def test_to_a_pipe(self):
        self.set("A", "value of a")
        template = self.file("project/t", 'a={{ confide://A }} b=$B c={{ "{{" }} d=${D:-default}\n')
        ran = self.ok("inject", "--in", template, env=self.env(B="bee"))
        self.assertEqual(ran.text, "a=value of a b=bee c={{ d=default\n")
        self.assertEqual(self.ok("inject", stdin=b"{{ confide://A }}").text, "value of a")

    def test_to_disk_only_where_it_is_named_so(self):
        self.set("A", "value of a")
        with open(self.path("out"), "wb") as out:
            ran = self.do("inject", stdin=b"{{ confide://A }}", stdout=out)
        self.assert_fails(ran, 123, "file on disk")
        target = self.path("plain")
        self.ok("inject", "--write-plaintext", target, stdin=b"{{ confide://A }}")
        self.assertEqual(stat.S_IMODE(os.stat(target).st_mode), 0o600)
        with open(target, encoding="utf-8") as file:
            self.assertEqual(file.read(), "value of a")
        self.refused("inject", "--write-plaintext", self.path("other"), stdin=b"{{ confide://B }}", words=["no secret B"])
        self.assertFalse(os.path.exists(self.path("other")))


if __name__ == "__main__":
    harness.main()
