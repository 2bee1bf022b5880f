"""Secrets: each reaches the command as asked, and nothing and nobody else.

The canary harness searches everything that a run shows or leaves (output, status, plans, errors, files) and, as root, the
memory of every process that has to do with it, for each value and its usual encodings. What it searches with is shown to
find: the authorised process itself, and a file that has the value, are part of the search.
"""

import base64
import contextlib
import hashlib
import json
import os
import re
import resource
import time

import harness
from harness import Background, environment, run
from memory_search import Canary, descriptors_have, in_locked_memory_only, memory_has


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.started = time.time()
        self.canary = Canary()

    def option(self, name="TOKEN", value=None, **more):
        return self.secret(name, value or self.canary.value, **more)

    def assert_clean(self, data, what):
        data = data.encode() if isinstance(data, str) else data
        self.assertEqual(self.canary.found_in(data), [], f"the value stands in {what}")


class Delivery(Case):
    """A value is never printed here, because output is masked: the command compares it with a digest."""

    def check(self, script, options, **more):
        """`script` prints the value as hex with dots between its digits, which no masker takes for it."""
        ran = run("sh", "-c", script, options=options, **more)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text.split(), [".".join(self.canary.value.encode().hex())], ran)

    DOTTED = "| od -An -v -tx1 | tr -d ' \\n' | sed 's/./&./g; s/.$//'"

    def test_env(self):
        self.check(f'printf %s "$TOKEN" {self.DOTTED}', self.option())

    def test_env_without_the_last_line_break(self):
        for end in ("\n", "\r\n"):
            self.check(f'printf %s "$TOKEN" {self.DOTTED}', self.option(value=self.canary.value + end))

    def test_file(self):
        self.check(f"cat /run/secrets/TOKEN {self.DOTTED}", self.option(deliver="file"))
        self.check(f'cat "$TOKEN_FILE" {self.DOTTED}', self.option(deliver="file"))
        self.check(f'test -z "$TOKEN" && cat "$TOKEN_FILE" {self.DOTTED}', self.option(deliver="file"))

    def test_a_file_as_programs_expect_one(self):
        ran = run("sh", "-c", 'stat -c "%A %s %F" $TOKEN_FILE; stat -f -c %T $TOKEN_FILE; id -u; stat -c %u $TOKEN_FILE; echo $TOKEN_FILE; ls -A /run/secrets',
                  options=self.option(deliver="file", value="of known length"))
        said = ran.text.splitlines()
        self.assertEqual(said[0], "-r-------- 15 regular file", ran)
        self.assertEqual(said[1], "ramfs", "tmpfs can be swapped out")
        self.assertEqual(said[2], said[3], "its owner is whoever runs inside")
        self.assertEqual(said[4:], ["/run/secrets/TOKEN", "TOKEN"], ran)

    def test_a_file_that_cannot_be_changed(self):
        for script in ("echo x > $TOKEN_FILE", "echo x >> $TOKEN_FILE", "rm -f $TOKEN_FILE", "mv $TOKEN_FILE /tmp/x", "chmod 644 $TOKEN_FILE",
                       "ln $TOKEN_FILE /tmp/x", "touch /run/secrets/more", "umount /run/secrets", "mount -o remount,rw /run/secrets"):
            ran = run("sh", "-c", script, options=self.option(deliver="file"))
            self.assertNotEqual(ran.code, 0, ran)

    def test_a_file_by_another_path(self):
        path = self.file("project/.env", "what stands here\n")
        self.check(f"cat .env {self.DOTTED}", self.option(deliver="file", path=path))
        self.check(f'cat "$TOKEN_FILE" {self.DOTTED}', self.option(deliver="file", path=path))
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "what stands here\n")

    def test_a_file_by_a_path_of_the_sandboxes_own(self):
        self.check(f"cat /tmp/deep/token {self.DOTTED}", self.option(deliver="file", path="/tmp/deep/token"))
        self.assertFalse(os.path.lexists("/tmp/deep"))

    def test_a_file_where_none_is(self):
        """A file view makes no mount target on the host: it is refused, or there without one."""
        path = os.path.join(self.project, "absent.env")
        ran = run("sh", "-c", f"cat absent.env {self.DOTTED}", options=self.option(deliver="file", path=path))
        self.assertFalse(os.path.lexists(path), "a mount target was made on the host")
        if ran.code == 0:
            self.assertEqual(ran.text.split(), [".".join(self.canary.value.encode().hex())], ran)
        else:
            self.assert_fails(ran, 123, "TOKEN")

    def test_a_file_byte_for_byte(self):
        data = bytes(range(256)) + b"\n\n"
        ran = run("sh", "-c", "sha256sum < $TOKEN_FILE; wc -c < $TOKEN_FILE", options=self.option(deliver="file", value=data))
        self.assertEqual(ran.text.split(), [hashlib.sha256(data).hexdigest(), "-", "258"], ran)

    def test_fd(self):
        self.check(f'cat <&"$TOKEN_FD" {self.DOTTED}', self.option(deliver="fd"))
        self.check(f'cat /proc/self/fd/$TOKEN_FD {self.DOTTED}', self.option(deliver="fd"))
        self.check(f'cat /dev/fd/$TOKEN_FD >/dev/null; cat /dev/fd/$TOKEN_FD {self.DOTTED}', self.option(deliver="fd"))

    def test_fd_is_sealed_and_read_only(self):
        script = """
import errno, fcntl, mmap, os
fd = int(os.environ["TOKEN_FD"])
seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
print("seals", seals & 0xf == 0xf)
print("mode", fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY, oct(os.fstat(fd).st_mode & 0o777))
def attempt(name, action):
    try: action(); print(name, "done")
    except (OSError, ValueError) as problem: print(name, errno.errorcode.get(getattr(problem, "errno", 0), problem))
attempt("write", lambda: os.write(fd, b"x"))
attempt("truncate", lambda: os.ftruncate(fd, 0))
attempt("reopen", lambda: os.write(os.open(f"/proc/self/fd/{fd}", os.O_RDWR), b"x"))
attempt("map", lambda: mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE))
attempt("chmod", lambda: os.fchmod(fd, 0o777) or os.write(os.open(f"/proc/self/fd/{fd}", os.O_RDWR), b"x"))
attempt("chmod-truncate", lambda: os.fchmod(fd, 0o777) or os.truncate(f"/proc/self/fd/{fd}", 0))
print("offset", os.lseek(fd, 0, os.SEEK_CUR), "others", sorted(os.listdir("/proc/self/fd"))[:-1])
"""
        ran = run(harness.PYTHON, "-c", script, options=self.option(deliver="fd"))
        self.assert_code(ran, 0)
        said = dict(line.split(" ", 1) for line in ran.text.splitlines())
        self.assertEqual(said["seals"], "True", ran)
        self.assertTrue(said["mode"].startswith("True"), ran)
        for attempt in ("write", "truncate", "reopen", "map", "chmod", "chmod-truncate"):
            self.assertNotEqual(said[attempt], "done", ran)
        self.assertTrue(said["offset"].startswith("0 "), ran)

    def test_several_fds(self):
        values = [Canary() for _ in range(5)]
        options = []
        for number, canary in enumerate(values):
            options += self.option(f"S{number}", canary.value, deliver="fd")
        script = "for n in 0 1 2 3 4; do eval fd=\\$S${n}_FD; sha256sum <&$fd; done; ls /proc/self/fd | wc -l"
        ran = run("bash", "-c", script, options=options)
        self.assertEqual(ran.text.split()[:-1:2], [hashlib.sha256(canary.value.encode()).hexdigest() for canary in values], ran)

    def test_stdin(self):
        self.check(f"cat {self.DOTTED}", self.option(deliver="stdin"))
        ran = run("sh", "-c", "cat > /dev/null; cat; echo end", options=self.option(deliver="stdin"), stdin=b"the caller's own\n")
        self.assertEqual(ran.text, "end\n", ran)

    def test_an_empty_value(self):
        ran = run("sh", "-c", 'test "${TOKEN-unset}" = "" && test -f $F_FILE && test ! -s $F_FILE && test -z "$(cat <&$D_FD)" && echo empty',
                  options=[*self.option(value="\n"), *self.secret("F", "", deliver="file"), *self.secret("D", "", deliver="fd")])
        self.assertEqual(ran.text, "empty\n", ran)

    def test_all_at_once(self):
        options = [*self.option("A"), *self.option("B", deliver="file"), *self.option("C", deliver="fd"), *self.option("D", deliver="stdin")]
        ran = run("sh", "-c", 'v=$(cat); test "$v" = "$A" && test "$v" = "$(cat $B_FILE)" && test "$v" = "$(cat <&$C_FD)" && echo the same', options=options)
        self.assertEqual(ran.text, "the same\n", ran)

    def test_the_whole_tree_has_it_and_its_children(self):
        self.check(f"sh -c 'sh -c \"printf %s \\\"\\$TOKEN\\\"\"' {self.DOTTED}", self.option())


class References(Case):
    def same(self, options, **more):
        """The command has the canary in TOKEN."""
        ran = run("sh", "-c", 'printf %s "$TOKEN" | sha256sum', options=options, **more)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text.split()[0], hashlib.sha256(self.canary.value.encode()).hexdigest(), ran)
        return ran

    def test_env(self):
        ran = self.same(["--secret", "TOKEN=env:SOURCE"], env=environment(SOURCE=self.canary.value))
        self.assertIn(b"level 0", ran.err, ran)

    def test_env_does_not_come_along_under_its_own_name(self):
        ran = run("env", options=["--secret", "TOKEN=env:MY_API_KEY"], env=environment(MY_API_KEY=self.canary.value))
        self.assertNotIn("MY_API_KEY", ran.text, ran)

    def test_fd(self):
        reader, writer = os.pipe()
        os.write(writer, self.canary.value.encode() + b"\n")
        os.close(writer)
        self.addCleanup(os.close, reader)
        self.same(["--secret", f"TOKEN=fd:{reader}"], pass_fds=(reader,))

    def test_fd_of_a_file_and_not_inside(self):
        descriptor = os.open(self.file("source", self.canary.value, 0o600), os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        self.same(["--secret", f"TOKEN=fd:{descriptor}"], pass_fds=(descriptor,))
        ran = run("ls", "/proc/self/fd", options=["--secret", f"TOKEN=fd:{descriptor}"], pass_fds=(descriptor,))
        self.assertEqual(ran.text.split(), ["0", "1", "2", "3"], ran)

    def test_stdin(self):
        self.same(["--secret", "TOKEN=stdin:"], stdin=self.canary.value.encode() + b"\n")
        ran = run("cat", options=["--secret", "TOKEN=stdin:"], stdin=self.canary.value.encode())
        self.assertEqual(ran.out, b"", "what was the secret is not the command's input too")

    def test_file(self):
        self.same(self.option())
        os.symlink(self.file("real", self.canary.value, 0o600), self.path("link"))
        self.same(["--secret", f"TOKEN=file://{self.path('link')}"])
        odd = self.file("with space, comma=and#%20?x", self.canary.value, 0o600)
        self.same(["--secret", f"TOKEN=file://{odd}"])

    def test_a_file_in_the_project_is_masked_there(self):
        """The file that holds the value is not hidden by itself: a person who puts it into the project is told."""
        ran = self.same(["--secret", f"TOKEN=file://{self.file('project/.env', self.canary.value, 0o600)}"])
        del ran
        ran = run("cat", ".env", options=["--secret", f"TOKEN=file://{self.project}/.env"])
        self.assertEqual(ran.out, b"", ran)


class EnvFiles(Case):
    def values(self, text, names, options=(), env=None, more=()):
        path = self.file("project/test.env", text)
        script = "import json, os, sys; print(json.dumps([os.environ.get(name) for name in sys.argv[1:]]))"
        ran = run(harness.PYTHON, "-c", script, *names, options=[*more, "--env-file", path, *options], env=env)
        self.assert_code(ran, 0)
        return json.loads(ran.out), ran

    def test_the_dialect(self):
        text = """# a comment
PLAIN=one two
  INDENTED = spaced
export EXPORTED=three
DOUBLE="a \\"quoted\\" $PLAIN\\n"
SINGLE='no $PLAIN here\\n'
HASH=ab#cd # comment
EMPTY=
DEFAULTED=${NOT_SET_ANYWHERE:-standby}
BRACED=${PLAIN}!
MULTI="line one
line two"
JSON={"a":"b"}
ESCAPED=\\$PLAIN
TWICE=first
TWICE=second
"""
        expected = {
            "PLAIN": "one two", "INDENTED": "spaced", "EXPORTED": "three", "DOUBLE": 'a "quoted" one two\n', "SINGLE": "no $PLAIN here\\n", "HASH": "ab#cd",
            "EMPTY": "", "DEFAULTED": "standby", "BRACED": "one two!", "MULTI": "line one\nline two", "JSON": '{"a":"b"}', "ESCAPED": "$PLAIN", "TWICE": "second"}
        found, ran = self.values(text, list(expected))
        # Values of a file are secrets of the run: what was printed of them is masked.
        unmasked = [(name, want, got) for (name, want), got in zip(expected.items(), found) if want != got and not (got or "").count("<concealed by confide: ")]
        self.assertEqual(unmasked, [], ran)

    def test_values_are_exact(self):
        """By digest, so that no masker stands between."""
        text = "PLAIN=one two three\nDOUBLE=\"a \\\"quoted\\\" $PLAIN\\n\"\nSINGLE='no $PLAIN here\\n'\nHASH=ab#cd-ef # comment\nTWICE=first value\nTWICE=second value\n"
        path = self.file("project/test.env", text)
        expected = ["one two three", 'a "quoted" one two three\n', "no $PLAIN here\\n", "ab#cd-ef", "second value"]
        script = "import hashlib, os, sys; print(*[hashlib.sha256(os.environ[name].encode()).hexdigest() for name in sys.argv[1:]])"
        ran = run(harness.PYTHON, "-c", script, "PLAIN", "DOUBLE", "SINGLE", "HASH", "TWICE", options=["--env-file", path])
        self.assertEqual(ran.text.split(), [hashlib.sha256(value.encode()).hexdigest() for value in expected], ran)

    def digest_of(self, name, options, env=None):
        ran = run("sh", "-c", f'printf %s "${name}" | sha256sum', options=options, env=env)
        self.assert_code(ran, 0)
        return ran.text.split()[0]

    def assert_value(self, name, value, options, env=None):
        self.assertEqual(self.digest_of(name, options, env), hashlib.sha256(value.encode()).hexdigest())

    def test_references_are_resolved(self):
        source = self.file("source", self.canary.value, 0o600)
        path = self.file("project/test.env", f"TOKEN=file://{source}\nQUOTED=\"file://{source}\"\nBUILT=file://${{FOLDER}}/source\n")
        for name in ("TOKEN", "QUOTED", "BUILT"):
            self.assert_value(name, self.canary.value, ["--env-file", path], env=environment(FOLDER=self.base))

    def test_precedence(self):
        one = self.file("one.env", "NAME=from one file\nOTHER=only in one\n")
        two = self.file("two.env", "NAME=from another\n")
        self.assert_value("NAME", "from another", ["--env-file", one, "--env-file", two])
        self.assert_value("NAME", "from one file", ["--env-file", two, "--env-file", one])
        self.assert_value("OTHER", "only in one", ["--env-file", one, "--env-file", two])
        self.assert_value("NAME", "from one file", ["--env-file", one], env=environment(NAME="from the shell"))
        for options in (["--env-file", one, *self.option("NAME")], [*self.option("NAME"), "--env-file", one]):
            self.assert_value("NAME", self.canary.value, options)

    def test_more_variables_than_one_run_can_have(self):
        """A confined agent may write such a file: it is refused at once, not worked through."""
        path = self.file("project/many.env", "".join(f"V{number}=x\n" for number in range(100_000)))
        ran = run("true", options=["--env-file", path])
        self.assert_code(ran, 123)
        self.assertIn("100000 variables; at most 1024", ran.errors[0], ran)

    def test_a_plain_credential_gets_a_warning(self):
        token = "ghp_" + "0123456789abcdefghij0123456789abcdef"
        path = self.file("project/test.env", f"GITHUB={token}\nPASSWORD=hunter2 and more\nAPP_MODE=staging\nPORT=8080\n")
        ran = run("true", options=["--env-file", path])
        self.assert_code(ran, 0)
        warnings = [line for line in ran.err.decode().splitlines() if "looks like a credential" in line]
        self.assertEqual(len(warnings), 2, ran)
        self.assertTrue(any("test.env:1" in line and "GITHUB" in line for line in warnings), ran)
        self.assertTrue(any("test.env:2" in line and "PASSWORD" in line for line in warnings), ran)
        self.assertNotIn(token.encode(), ran.err)
        self.assertNotIn(b"hunter2", ran.err)
        self.assert_value("GITHUB", token, ["--env-file", path])

    def test_misspelt_schemes_are_no_values(self):
        for text in ("TOKEN=OP://vault/item/field", "TOKEN=opp://vault/item/field"):
            path = self.file("project/test.env", text + "\n")
            ran = run("echo", "launched", options=["--env-file", path])
            self.assert_fails(ran, 123, "TOKEN", "op://")


class Environment(Case):
    """What else a run that carries secrets gets of its caller's environment."""

    def test_loader_hooks_are_taken_out(self):
        hooks = {"LD_PRELOAD": "/no/such.so", "LD_LIBRARY_PATH": "/no/such", "BASH_ENV": "/no/such", "NODE_OPTIONS": "--require=/no", "PYTHONSTARTUP": "/no",
                 "PERL5OPT": "-MNoSuch", "GIT_SSH_COMMAND": "/no/such", "PYTHONPATH": "/no", "HARMLESS": "stays"}
        ran = run("env", options=self.option(), env=environment(**hooks))
        names = {line.split("=")[0] for line in ran.text.splitlines()}
        self.assertEqual(names & set(hooks), {"HARMLESS"}, ran)
        ran = run("env", options=[*self.option(), "--env", "NODE_OPTIONS"], env=environment(**hooks))
        self.assertIn("NODE_OPTIONS=--require=/no", ran.text, ran)

    def test_credentials_are_taken_out_in_any_run(self):
        env = environment(GITHUB_TOKEN="x" * 20, AWS_SECRET_ACCESS_KEY="y" * 20, MY_PASSWORD="z" * 20, INNOCENT="ghp_" + "0123456789abcdefghij0123456789abcdef",
                          AWS_REGION="eu-central-1")
        for options in ([], self.option()):
            ran = run("env", options=options, env=env)
            for name in ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_PASSWORD", "INNOCENT"):
                self.assertNotIn(name, ran.text, ran)
            self.assertIn("AWS_REGION=eu-central-1", ran.text, ran)
        ran = run("env", options=["--env", "GITHUB_TOKEN"], env=env)
        self.assertIn("GITHUB_TOKEN=xxxx", ran.text, ran)

    def test_where_things_are(self):
        """HOME, TMPDIR and XDG_* point at what exists inside, or nowhere."""
        script = 'for d in "$HOME" "${TMPDIR:-/tmp}" "${XDG_RUNTIME_DIR:-/tmp}" "${XDG_CACHE_HOME:-/tmp}" "${XDG_STATE_HOME:-/tmp}"; do mkdir -p "$d" && touch "$d/x" || echo no $d; done'
        for options in ([], self.option()):
            ran = run("sh", "-c", script, options=options, env=environment(TMPDIR="/no/such", XDG_RUNTIME_DIR="/run/user/12345", XDG_CACHE_HOME="/no/cache",
                                                                         XDG_STATE_HOME=os.path.expanduser("~/.local/state")))
            self.assert_code(ran, 0)
            self.assertEqual(ran.text, "", ran)


# Holds its secrets in every form, says so, waits for its input to end.
HOLDER = """
import os, sys
kept = [os.environ.get("A", ""), open(os.environ["B_FILE"]).read(), os.read(int(os.environ["C_FD"]), 4096).decode()]
assert len(set(kept)) == 1, "three deliveries, one value"
print("holding", flush=True)
sys.stdin.read()
print(kept[0].count("-"))
"""


class Canaries(Case):
    def setUp(self):
        super().setUp()
        self.options = [*self.option("A"), *self.option("B", deliver="file"), *self.option("C", deliver="fd")]

    def search_files(self):
        """Paths of files changed since the test began that hold the value; the secrets' own files left out."""
        found = set()
        for top in (self.project, "/tmp", "/var/tmp", "/dev/shm", "/run", "/var/log", "/var/lib/systemd/coredump", "/var/crash", os.path.expanduser("~")):
            for folder, folders, names in os.walk(top):
                folders[:] = [name for name in folders if not os.path.ismount(os.path.join(folder, name))]
                for name in names:
                    path = os.path.join(folder, name)
                    if name.endswith(".secret"):
                        continue
                    with contextlib.suppress(OSError):
                        status = os.lstat(path)
                        if max(status.st_mtime, status.st_ctime) < self.started - 1 or not os.path.isfile(path) or status.st_size > 1 << 26:
                            continue
                        with open(path, "rb") as file:
                            if self.canary.found_in(file.read()):
                                found.add(path)
        return sorted(found)

    def test_the_search_finds(self):
        """Each part of the search, aimed at what does hold the value."""
        for form in self.canary.forms:
            self.assertTrue(self.canary.found_in(b"some text " + form + b" and more"))
        self.assertTrue(self.canary.found_in(base64.b64encode(b"user:" + self.canary.value.encode() + b":more")))
        path = self.file("project/copy", base64.b64encode(self.canary.value.encode()))
        self.assertIn(path, self.search_files())
        os.unlink(path)
        self.assertTrue(memory_has(os.getpid(), self.canary))
        descriptor = os.memfd_create("copy")
        os.write(descriptor, self.canary.value.encode())
        self.assertIn(descriptor, descriptors_have(os.getpid(), self.canary))
        os.close(descriptor)

    def test_nothing_that_is_printed(self):
        """Plans, explanations, errors, status, JSON, traces: names, and no value."""
        path = self.file("project/some.env", f"PLAIN={self.canary.value}\nBAD=file:///no/such\n")
        good = self.file("project/good.env", f"PLAIN={self.canary.value}\n")
        env = environment(SOURCE=self.canary.value)
        for arguments, code in (
            (["run", "--dry-run", *self.options, "--env-file", good, "--", "true"], 0),
            (["run", "--dry-run", "--json", *self.options, "--env-file", good, "--", "true"], 0),
            (["run", "--trace-launch", *self.options, "--", "true"], 0),
            (["explain", *self.options, "--env-file", good, "--secret", "E=env:SOURCE", "--", "true"], 0),
            (["explain", "--json", *self.options, "--env-file", good, "--", "true"], 0),
            (["run", *self.options, "--env-file", path, "--", "true"], 123),
            (["run", "--json", *self.options, "--env-file", path, "--", "true"], 123),
            (["run", *self.options, "--secret", "A=file:///no/such", "--", "true"], 123),
            (["run", *self.options, "--", "no-such-command"], 127),
            (["run", *self.options, "--", "/usr"], 126),
            (["run", *self.options, "--timeout", "100ms", "--", "sleep", "60"], 124),
        ):
            status = arguments[0] == "run" and "--dry-run" not in arguments
            ran = harness.confide(*arguments, env=env, status=status)
            self.assert_code(ran, code)
            self.assert_clean(ran.out + ran.err + json.dumps(ran.events).encode(), ran)
        self.assertEqual(self.search_files(), sorted([path, good]))

    def test_while_it_runs(self):
        """Who has the value while a run lives: the command that it is for, and nobody else."""
        reader, writer = os.pipe()
        with Background("run", *self.options, "--status-fd", str(writer), "--", harness.PYTHON, "-c", HOLDER, stdin=-1, pass_fds=(writer,)) as running:
            os.close(writer)
            self.assertEqual(running.line(), "holding")
            everybody = {running.pid: "confide", **harness.descendants(running.pid)}
            for pid in everybody:
                if harness.pid_in_its_namespace(pid) == 1:
                    everybody[pid] = "confide's pid 1"
            names = sorted(everybody.values())
            self.assertEqual([names.count(name) for name in ("confide", "confide-broker", "confide-supervi", "confide's pid 1")], [1, 2, 1, 1], names)
            holder = [pid for pid, name in everybody.items() if name.startswith("python")]
            self.assertEqual(len(holder), 1, everybody)
            time.sleep(0.3)  # the hand-over is told
            self.look_at_everybody(everybody, holder[0])
            self.assertEqual(self.search_files(), [])
            running.process.stdin.close()
            running.process.stdin = None
            self.assertEqual(running.wait(), 0)
            self.assert_clean(running.process.stdout.read() + running.process.stderr.read(), "the output")
        with os.fdopen(reader, "rb") as file:
            self.assert_clean(file.read(), "the status lines")
        self.assertEqual(self.search_files(), [])

    def look_at_everybody(self, everybody, holder):
        for pid in os.listdir("/proc"):
            if not pid.isdigit():
                continue
            for name in ("cmdline", "comm", "environ"):
                data = b""
                with contextlib.suppress(OSError):
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        data = file.read()
                if int(pid) != holder or name != "environ":
                    self.assert_clean(data, f"/proc/{pid}/{name} ({everybody.get(int(pid), 'a stranger')})")
        if not harness.AS_ROOT:
            # Ours are closed to their own user; that the memory behind holds nothing is for root to see.
            for pid, name in everybody.items():
                if name.startswith("confide"):
                    for entry in ("environ", "maps", "mem"):
                        with self.assertRaises(PermissionError, msg=f"{name}'s {entry}"), open(f"/proc/{pid}/{entry}", "rb") as file:
                            file.read(1)
                    with self.assertRaises(PermissionError, msg=f"{name}'s fd"):
                        os.listdir(f"/proc/{pid}/fd")
            return
        self.assertTrue(memory_has(holder, self.canary), "the search finds nothing, not even where the value is")
        self.assertTrue(descriptors_have(holder, self.canary))
        for pid, name in everybody.items():
            if pid == holder:
                continue
            self.assertEqual(descriptors_have(pid, self.canary), [], f"descriptors of {name}")
            # The supervisor has what its masker looks for, in memory that not even root reads, or locked.
            self.assertFalse(memory_has(pid, self.canary) and name != "confide-supervi", f"the memory of {name} ({pid})")
        for pid, name in everybody.items():
            if name == "confide-supervi":
                self.assertTrue(in_locked_memory_only(pid, self.canary), f"{name} ({pid}) has the value in memory that is not locked")

    def test_after_it_was_killed(self):
        with Background("run", *self.options, "--", harness.PYTHON, "-c", HOLDER, stdin=-1) as running:
            self.assertEqual(running.line(), "holding")
            running.process.kill()
            running.wait()
        self.assertEqual(self.search_files(), [])

    def test_after_it_crashed(self):
        """No core: not of the command, not by a pattern with a pipe, not of the folder it runs in."""
        ran = run("sh", "-c", "ulimit -c unlimited 2>/dev/null; ulimit -c; kill -SEGV $$", options=self.options,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2) if harness.AS_ROOT else None)
        self.assert_code(ran, 139)
        self.assertEqual(ran.text.split()[:1], ["0"], ran)
        self.assertEqual(self.search_files(), [])
        self.assertEqual(sorted(os.listdir(self.project)), [".git"])

    def test_output_is_masked_or_said_to_be_unmasked(self):
        ran = run("sh", "-c", 'echo "$A"', options=self.options)
        if b"not masked" not in ran.err:
            self.assert_clean(ran.out, ran)


class Trace(Case):
    def test_where_the_time_goes(self):
        ran = run("true", options=["--trace-launch", *self.option(deliver="file")])
        self.assert_code(ran, 0)
        rows = [line for line in ran.err.decode().splitlines() if line.startswith("confide: trace ")]
        text = "\n".join(rows)
        for what in ("broker: runs", "broker: has the values", "supervisor: runs", "the command has been executed", "deliver TOKEN (file)", "seccomp"):
            self.assertIn(what, text)
        self.assertTrue(all(re.fullmatch(r"confide: trace \d+\.\d us  .+", row) for row in rows), text)


class Inside(Case):
    """What a process of the sandbox itself sees of the machinery."""

    def test_pid_1(self):
        ran = run("sh", "-c", "cat /proc/1/environ; cat /proc/1/mem; ls /proc/1/fd; tr '\\0' '\\n' </proc/1/cmdline; ls -d /proc/[0-9]*", options=self.option(),
                  env=environment(OUTER_MARK="of the caller's environment"))
        self.assertNotIn("of the caller's environment", ran.text, ran)
        for what in ("environ", "mem", "fd"):
            self.assertRegex(ran.err.decode(), rf"/proc/1/{what}.*(Permission denied|Operation not permitted)", ran)

    def test_the_secret_is_not_in_another_process(self):
        """Fork and exec hand down what they hand down; nobody else in there has it."""
        ran = run("sh", "-c", "unset TOKEN; sleep 1 & sleep 0.2; tr '\\0' '\\n' < /proc/$!/environ | grep -c ^TOKEN=", options=self.option())
        self.assertEqual(ran.text.strip(), "0", ran)

    def test_run_secrets_is_absent_without_files(self):
        ran = run("ls", "/run/secrets", options=self.option())
        self.assertNotEqual(ran.code, 0, ran)


if __name__ == "__main__":
    harness.main()
