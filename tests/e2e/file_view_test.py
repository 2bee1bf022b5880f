"""Files of secrets at a path (deliver=file,path=.env; --template FILE=PATH): the authorised process sees the values there,
and nobody else does; on the host nothing changes and nothing is made.
"""

import hashlib
import os
import stat
import subprocess

import harness
from harness import Background, environment, run, wait_for

REFERENCES = "# for everybody\nTOKEN=confide://staging/TOKEN\n"
DOTTED = "| od -An -v -tx1 | tr -d ' \\n' | sed 's/./&./g; s/.$//'"  # what no masker takes for the value


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.value = f"CANARY-{harness.new_token()}-{harness.new_token()}"

    def view(self, path, value=None, name="TOKEN"):
        return self.secret(name, value or self.value, deliver="file", path=path)

    def assert_reads(self, script, options, value=None, **more):
        """`script` prints bytes, which are the value's."""
        ran = run("sh", "-c", f"{script} {DOTTED}", options=options, **more)
        self.assert_code(ran, 0)
        self.assertEqual(ran.text.split(), [".".join((value or self.value).encode().hex())], ran)

    def snapshot(self, top):
        """Every name below a folder, with what tells whether it was touched."""
        found = {}
        for folder, folders, names in os.walk(top):
            for name in folders + names:
                path = os.path.join(folder, name)
                about = os.lstat(path)
                content = b""
                if stat.S_ISREG(about.st_mode):
                    with open(path, "rb") as file:
                        content = file.read()
                found[path] = (about.st_ino, about.st_mode, about.st_uid, content, about.st_mtime_ns if content else 0)
        return found


class OverAFile(Case):
    def setUp(self):
        super().setUp()
        self.env_file = self.file("project/.env", REFERENCES)
        self.before = self.snapshot(self.project)

    def tearDown(self):
        self.assertEqual(self.snapshot(self.project), self.before, "the project was changed")
        super().tearDown()

    def test_by_a_relative_and_an_absolute_path(self):
        for path in (".env", "./.env", self.env_file):
            with self.subTest(path=path):
                self.assert_reads("cat .env", self.view(path))
                self.assert_reads('cat "$TOKEN_FILE"', self.view(path))

    def test_a_command_lines_path_begins_in_the_working_directory(self):
        os.mkdir("sub")
        inner = self.file("project/sub/.env", "of sub\n")
        os.chdir("sub")
        self.assert_reads("cat .env", self.view(".env"))
        self.assertEqual(read(inner), "of sub\n")
        self.before = self.snapshot(self.project)

    def test_an_environments_path_begins_in_the_project(self):
        source = self.file("TOKEN.secret", self.value, 0o600)
        policy = self.file("policy.toml", f'version = 1\n[environment.staging]\nTOKEN = {{ ref = "file://{source}", deliver = "file", path = ".env" }}\n')
        os.mkdir("sub")
        os.chdir("sub")
        self.assert_reads("cat ../.env", ["--policy", policy, "--environment", "staging"])
        os.chdir("..")
        os.rmdir("sub")
        self.before = self.snapshot(self.project)

    def test_it_is_a_file_like_any_other(self):
        script = """
import mmap, os, stat
about = os.stat(".env")
print(stat.S_ISREG(about.st_mode), oct(about.st_mode & 0o777), about.st_uid == os.getuid(), about.st_size)
with open(".env", "rb") as file:
    first = file.read()
    file.seek(0)
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    print(first == file.read() == mapped[:] == open(os.environ["TOKEN_FILE"], "rb").read(), os.path.samefile(".env", os.environ["TOKEN_FILE"]))
print(".env" in os.listdir("."), [entry.is_file(follow_symlinks=False) for entry in os.scandir(".") if entry.name == ".env"])
"""
        ran = run(harness.PYTHON, "-c", script, options=self.view(".env"))
        self.assert_code(ran, 0)
        self.assertEqual(ran.text.splitlines(), [f"True 0o400 True {len(self.value)}", "True True", "True [True]"], ran)

    def test_it_cannot_be_changed_or_taken_away(self):
        for script in ("echo x > .env", "echo x >> .env", "rm -f .env", "mv .env other", "chmod 644 .env", "ln .env other", "umount .env", "umount -l .env",
                       "mount -o remount,rw .env", "mount -o remount,bind,rw .env", "touch new && mv new .env"):
            ran = run("sh", "-c", f"{script}; r=$?; rm -f new other; exit $r", options=self.view(".env"))
            self.assertNotEqual(ran.code, 0, (script, ran))
            self.assertNotIn(self.value.encode(), ran.out + ran.err)

    def test_an_inner_namespace_uncovers_nothing(self):
        """Mounts that came along into a namespace of less power are locked (mount_namespaces(7))."""
        script = "unshare -Urm sh -c 'umount .env; umount -l .env; cat .env' 2>/dev/null || cat .env"
        ran = run("sh", "-c", f"({script}) {DOTTED}", options=[*self.view(".env"), "--profile", "agent"])
        self.assertNotIn(".".join(b"confide://".hex()), ran.text, ran)
        self.assertIn(".".join(self.value.encode().hex()), ran.text, ran)

    def test_through_a_link_of_the_project(self):
        os.symlink(".env", "linked.env")
        self.before = self.snapshot(self.project)
        self.assert_reads("cat linked.env", self.view("linked.env"))
        self.assert_reads("cat .env", self.view("linked.env"))

    def test_a_link_out_of_the_sandbox_is_refused(self):
        outside = self.file("outside.env", "of others\n")
        os.symlink(outside, "out.env")
        self.before = self.snapshot(self.project)
        ran = run("true", options=self.view("out.env"))
        self.assert_fails(ran, 123, "TOKEN", "outside.env", "does not show")

    def test_a_tracked_file_and_a_masked_one(self):
        """What is untracked is masked for every run: there the view stands over the mask."""
        subprocess.run(["git", "init", "-q"], check=True, env=environment(GIT_CONFIG_GLOBAL="/dev/null"))
        self.before = self.snapshot(self.project)
        self.assertEqual(run("cat", ".env").out, b"", "it is masked")
        self.assert_reads("cat .env", self.view(".env"))
        subprocess.run(["git", "add", "-f", ".env"], check=True, env=environment(GIT_CONFIG_GLOBAL="/dev/null"))
        self.before = self.snapshot(self.project)
        self.assertEqual(run("cat", ".env").text, REFERENCES, "it is shown")
        self.assert_reads("cat .env", self.view(".env"))

    def test_several(self):
        self.file("project/other", "")
        self.before = self.snapshot(self.project)
        options = [*self.view(".env", "one" * 9, "A"), *self.view("other", "two" * 9, "B"), *self.view("/tmp/x/y", "six" * 9, "C"), *self.secret("D", "ten" * 9, deliver="file")]
        self.assert_reads('cat .env other /tmp/x/y "$D_FILE"', options, "one" * 9 + "two" * 9 + "six" * 9 + "ten" * 9)

    def test_two_in_one_place_are_refused(self):
        ran = run("true", options=[*self.view(".env", name="A"), *self.view(self.env_file, name="B")])
        self.assert_fails(ran, 123, "B", "same file")

    def test_the_plan_says_it(self):
        ran = run("true", options=["--dry-run", *self.view(".env")])
        self.assert_code(ran, 0)
        self.assertRegex(ran.text, rf"view +{self.env_file} \(TOKEN\)")


class WhereNoneIs(Case):
    def test_nothing_is_made_on_the_host(self):
        before = self.snapshot(self.base)
        for path in ("absent.env", "no/such/folder/.env", os.path.join(self.project, "absent.env")):
            with self.subTest(path=path):
                options = self.view(path)
                before = self.snapshot(self.base)
                self.assert_fails(run("true", options=options), 123, "TOKEN", "does not exist", "/run/secrets/TOKEN")
                self.assertEqual(self.snapshot(self.base), before)

    def test_in_a_place_of_the_sandboxes_own(self):
        for path in ("/tmp/deep/token", "/srv/app/token", os.path.expanduser("~/.none-such/token")):
            with self.subTest(path=path):
                options = self.view(path)
                before = self.snapshot(self.base)
                self.assert_reads(f"cat {path}", options)
                self.assertFalse(os.path.lexists(os.path.dirname(path)))
                self.assertEqual(self.snapshot(self.base), before)

    def test_what_is_no_place_for_a_file(self):
        for path, word in ((".git", "folder"), ("/proc/x", "sandbox fills"), ("/dev/null", "sandbox fills"), ("/tmp", "folder"), ("/var/run/x", "sandbox fills"),
                           ("../x", "'..'"), ("/run/secrets/OTHER", "leave the path out"), ("x/", "folder"), ("a\tb", "control")):
            with self.subTest(path=path):
                self.assert_fails(run("true", options=self.view(path)), 123, "TOKEN", word)
        ran = run("true", options=[*self.view(".git"), "--profile", "bench"])
        self.assert_fails(ran, 123, "profile bench", "deliver=fd")


class Templates(Case):
    def setUp(self):
        super().setUp()
        self.source = self.file("TOKEN.secret", self.value, 0o600)

    def template(self, name="config.tpl", text=None):
        return self.file(f"project/{name}", text or f'password: "{{{{ file://{self.source} }}}}"\n')

    def digest_inside(self, path, options):
        ran = run("sha256sum", path, options=options)
        self.assert_code(ran, 0)
        return ran.text.split()[0]

    def test_to_any_path(self):
        self.template()
        self.file("project/config.yml", "password: none\n")
        wanted = hashlib.sha256(f'password: "{self.value}"\n'.encode()).hexdigest()
        for path in ("config.yml", os.path.join(self.project, "config.yml"), "/tmp/app/config.yml", "/run/secrets/config.yml"):
            with self.subTest(path=path):
                self.assertEqual(self.digest_inside(path, ["--template", f"config.tpl={path}"]), wanted)
        self.assertEqual(read("config.yml"), "password: none\n")

    def test_a_file_of_references_over_itself(self):
        """What `env import --rewrite` leaves, shown to the command with its values."""
        text = f"MODE=fast\nTOKEN={{{{ file://{self.source} }}}}\n"
        self.template(".env", text)
        self.assertEqual(self.digest_inside(".env", ["--template", ".env=.env"]), hashlib.sha256(f"MODE=fast\nTOKEN={self.value}\n".encode()).hexdigest())
        self.assertEqual(read(".env"), text)

    def test_output_is_masked(self):
        self.template()
        self.file("project/config.yml")
        ran = run("sh", "-c", "cat config.yml; grep -o CANARY.*[0-9a-f] config.yml", options=["--template", "config.tpl=config.yml"])
        self.assertNotIn(self.value, ran.text)
        self.assertIn("<concealed by confide:", ran.text)

    def test_where_none_is(self):
        self.template()
        ran = run("true", options=["--template", "config.tpl=absent/config.yml"])
        self.assert_fails(ran, 123, "config.yml", "does not exist")
        self.assertFalse(os.path.lexists("absent"))

    def test_files_of_one_name(self):
        self.template()
        options = ["--template", "config.tpl=/tmp/a/.env", "--template", "config.tpl=/tmp/b/.env"]
        ran = run("sh", "-c", "cmp /tmp/a/.env /tmp/b/.env && test -s /tmp/a/.env && env | grep -c ^env.*_FILE=/tmp", options=options)
        self.assertEqual(ran.text.strip(), "2", ran)


HOLDER = """
import sys
print("reading" if "CANARY" in open(".env").read() else "nothing", flush=True)
for line in sys.stdin:
    print("reading" if "CANARY" in open(".env").read() else "nothing", flush=True)
"""


class WhileItRuns(Case):
    def setUp(self):
        super().setUp()
        subprocess.run(["git", "init", "-q"], check=True, env=environment(GIT_CONFIG_GLOBAL="/dev/null"))
        self.file("project/.env", REFERENCES)

    def running(self):
        return Background("run", *self.view(".env"), "--", harness.PYTHON, "-c", HOLDER, stdin=-1)

    def ask(self, running):
        running.process.stdin.write(b"\n")
        running.process.stdin.flush()
        return running.line()

    def test_who_sees_what(self):
        subprocess.run(["git", "add", "-f", ".env"], check=True, env=environment(GIT_CONFIG_GLOBAL="/dev/null"))
        with self.running() as running:
            self.assertEqual(running.line(), "reading")
            # Anybody by the path; and what is confined as an agent's commands are, by every other way to the same file.
            self.assertEqual(read(".env"), REFERENCES)
            search = "cat .env; for p in /proc/[0-9]*; do cat $p/root$PWD/.env $p/cwd/.env $p/root/run/secrets/* $p/environ; done 2>/dev/null"
            found = harness.confide("shell", "--", search)
            self.assertIn(REFERENCES.encode(), found.out, found)
            self.assertNotIn(self.value.encode(), found.out + found.err)
            inside = [pid for pid, name in harness.descendants(running.pid).items() if name.startswith("python")]
            self.assertEqual(len(inside), 1)
            if harness.AS_ROOT:
                with open(f"/proc/{inside[0]}/root{self.project}/.env", encoding="utf-8") as file:
                    self.assertEqual(file.read(), self.value, "the search would have found it")
            self.assertEqual(self.ask(running), "reading")

    def test_a_file_that_is_replaced_on_the_host(self):
        """An editor saves by rename, which takes every mount off the old name: the view is put over the new one."""
        with self.running() as running:
            self.assertEqual(running.line(), "reading")
            for text in ("A=1\n", "A=2\n"):
                os.rename(self.file("project/new.tmp", text), ".env")
                self.assertTrue(wait_for(lambda: self.ask(running) == "reading"), "the command lost its file")
                self.assertEqual(read(".env"), text)


class Readers(Case):
    """Programs that read .env files, as they are."""

    def setUp(self):
        super().setUp()
        self.file("project/.env", "TOKEN=confide://staging/TOKEN\n")
        self.option = self.view(".env", f"TOKEN={self.value}\nMODE=fast\n", name="DOTENV")
        self.digest = hashlib.sha256(self.value.encode()).hexdigest()

    def assert_digest(self, *command, more=()):
        ran = run(*command, options=[*self.option, *more])
        self.assert_code(ran, 0)
        self.assertIn(self.digest, ran.text, ran)

    def test_a_shell(self):
        self.assert_digest("sh", "-c", 'set -a; . ./.env; printf %s "$TOKEN" | sha256sum')

    def test_direnv(self):
        self.file("project/.envrc", "dotenv\n")
        git = {"check": True, "env": environment(GIT_CONFIG_GLOBAL="/dev/null")}
        subprocess.run(["git", "init", "-q"], **git)
        subprocess.run(["git", "add", ".envrc"], **git)  # untracked it is masked
        self.assert_digest("sh", "-c", "direnv allow . && direnv exec . sh -c 'printf %s \"$TOKEN\" | sha256sum'")

    def test_node(self):
        script = 'console.log(require("crypto").createHash("sha256").update(process.env.TOKEN).digest("hex"))'
        self.assert_digest("node", "--env-file=.env", "-e", script)

    def test_python_dotenv(self):
        script = 'import dotenv, hashlib; print(hashlib.sha256(dotenv.dotenv_values(".env")["TOKEN"].encode()).hexdigest())'
        self.assert_digest(harness.PYTHON, "-c", script)


if __name__ == "__main__":
    harness.main()
