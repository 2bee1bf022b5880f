"""The command line itself: help, plans, doctor, policy files, odd words and paths, full disks."""

import glob
import json
import os
import re
import subprocess

import harness
from harness import CONFIDE, confide, environment, run

VERBS = tuple(re.findall(r"^  ([a-z]+) {2,}", confide("--help").text, re.M))


class Help(harness.Case):
    def test_every_verb_has_examples(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                ran = confide(verb, "--help")
                self.assert_code(ran, 0)
                self.assertEqual(ran.err, b"", ran)
                self.assertIn("example", ran.text, ran)
                self.assertIn(f"confide {verb} ", ran.text.split("example", 1)[1], "an example of this verb")
                self.assertNotIn("\x1b", ran.text)
                self.assertLessEqual(max(len(line) for line in ran.text.splitlines()), 130)

    def test_short_and_long(self):
        for verb in VERBS:
            self.assertEqual(confide(verb, "-h").out, confide(verb, "--help").out, verb)

    def test_the_program(self):
        ran = confide("--help")
        self.assert_code(ran, 0)
        self.assertGreater(len(VERBS), 15, ran)
        self.assertIn("example", ran.text)
        self.assertEqual(confide("help").out, ran.out)
        self.assertRegex(confide("--version").text, r"^confide \d+\.\d+\.\d+\n$")

    def test_a_verb_that_is_misspelt(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                ran = confide(verb[:-1] + "_")
                self.assert_code(ran, 2)
                self.assertEqual(len(ran.errors), 1, ran)
                self.assertIn("(confide --help lists them)", ran.errors[0])
                if len(verb) > 4:  # of shorter ones several are as near
                    self.assertIn(f"did you mean `{verb}`?", ran.errors[0])

    def test_every_option_is_named(self):
        said = confide("run", "--help").text
        for option in ("--profile", "--policy", "--env-file", "--secret", "--read", "--write", "--hide", "--network", "--env", "--timeout", "--memory", "--pids",
                       "--cpu", "--dry-run", "--json", "--status-fd"):
            self.assertIn(option, said)
        for code in ("124", "125", "126", "127", "123", "128+N"):
            self.assertIn(code, said)


class FullDisks(harness.Case):
    """Output that cannot be written is an error, not a success."""

    COMMANDS = (["--help"], ["--version"], *([verb, "--help"] for verb in VERBS), ["explain", "--", "true"], ["explain", "--json", "--", "true"],
                ["run", "--dry-run", "--", "true"], ["run", "--dry-run", "--json", "--", "true"], ["doctor"], ["doctor", "--json"], ["policy", "schema"])

    def test_dev_full(self):
        for arguments in self.COMMANDS:
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                ran = confide(*arguments, stdout=full)
                self.assertNotEqual(ran.code, 0, ran)
                self.assertIn(b"No space left on device", ran.err, ran)

    def test_closed(self):
        for arguments in self.COMMANDS:
            with self.subTest(arguments=arguments):
                ran = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", CONFIDE, *arguments], env=environment(), capture_output=True, check=False, timeout=60)
                self.assertNotEqual(ran.returncode, 0, ran)

    def test_a_reader_that_leaves(self):
        """confide explain | head -1 is no crash and no message."""
        ran = subprocess.run(["bash", "-c", '"$0" policy schema | head -1 | wc -l', CONFIDE], env=environment(), capture_output=True, check=False, timeout=60)
        self.assertEqual((ran.stdout.split(), ran.stderr), ([b"1"], b""), ran)

    def test_a_full_disk_is_the_commands_matter_in_a_run(self):
        """A run's output goes where the command sends it: its own error, its own code."""
        ran = run("sh", "-c", "echo x > /dev/full || exit 9")
        self.assert_code(ran, 9)


class Plans(harness.Case):
    def test_dry_run_is_explain_and_runs_nothing(self):
        dry = run("touch", "made", options=["--dry-run"])
        self.assert_code(dry, 0)
        self.assertFalse(os.path.exists("made"))
        self.assertEqual(dry.out, confide("explain", "--", "touch", "made").out)

    def test_the_steps(self):
        self.file("project/more", "x")
        ran = confide("explain", "--read", self.folder("shown"), "--hide", "more", "--network", "host", "--timeout", "9s", "--pids", "99", "--", "make", "-j4", "a b")
        self.assert_code(ran, 0)
        lines = ran.text.splitlines()
        numbered = [line.split(None, 2) for line in lines if line.strip()[0].isdigit()]
        self.assertEqual([int(words[0]) for words in numbered], list(range(1, len(numbered) + 1)), ran)
        self.assertEqual(numbered[0][1], "clone", ran)
        self.assertEqual(numbered[-1][1], "exec", ran)
        self.assertIn("make -j4", numbered[-1][2], ran)
        self.assertTrue(any("--read" in words[2] for words in numbered), "each step says where it comes from")
        self.assertTrue(any("--hide" in words[2] for words in numbered), ran)
        self.assertTrue(any("landlock" in words[1] for words in numbered) and any("seccomp" in words[1] for words in numbered), ran)

    def test_json(self):
        for arguments in (["explain", "--json"], ["run", "--dry-run", "--json"]):
            ran = confide(*arguments, "--", "true", env=environment(MY_TOKEN="x" * 30))
            self.assert_code(ran, 0)
            plan = json.loads(ran.out)
            self.assertTrue({"steps", "layers", "environment_removed"} <= set(plan), plan.keys())
            for step in plan["steps"]:
                self.assertTrue(step["step"] and step["origin"], step)
            self.assertEqual(plan["environment_removed"], [{"name": "MY_TOKEN", "reason": plan["environment_removed"][0]["reason"]}])

    def test_secrets_are_named(self):
        ran = confide("explain", *self.secret("API_KEY", "value", deliver="file"), "--env-file", self.file("project/an.env", "IN_FILE=plain\n"), "--", "true")
        self.assert_code(ran, 0)
        self.assertRegex(ran.text, r"deliver +.*API_KEY \(file\)")
        self.assertRegex(ran.text, r"IN_FILE \(env\)")

    def test_masks_are_listed(self):
        for name in (".env", ".env.local", ".env.example"):
            self.file(f"project/{name}", f"A={name}\n")
        ran = confide("explain", "--", "true")
        masks = [line for line in ran.text.splitlines() if line.split()[1:2] == ["mask"]]
        self.assertEqual(len(masks), 2, ran)
        self.assertEqual(run("sh", "-c", "cat .env .env.local; cat .env.example; test -f .env && echo regular").text, "A=.env.example\nregular\n")

    def test_policy_lines_are_origins(self):
        self.file("project/p.toml", f'version = 1\n\n[profile.mine]\nextends = "tool"\nread = ["{self.folder("shown")}"]\n')
        ran = confide("explain", "--policy", "p.toml", "--profile", "mine", "--", "true")
        self.assert_code(ran, 0)
        self.assertTrue(any("shown" in line and "p.toml:5" in line for line in ran.text.splitlines()), ran)


class Doctor(harness.Case):
    def test_text_and_json_agree(self):
        text, data = confide("doctor"), confide("doctor", "--json")
        self.assertIn(text.code, (0, 1), text)
        self.assertEqual(text.code, data.code)
        rows = json.loads(data.out)["layers"]
        names = {row["layer"] for row in rows}
        self.assertTrue({"namespaces", "own-proc", "landlock", "seccomp", "cgroup"} <= names, names)
        for row in rows:
            self.assertIn(row["layer"], text.text)
            if not row["works"]:
                self.assertTrue(row["detail"] and row["lost"], row)
                self.assertIn(row["lost"], text.text)

    def test_what_it_says_is_so(self):
        rows = {row["layer"]: row["works"] for row in json.loads(confide("doctor", "--json").out)["layers"]}
        ran = run("true", status=True)
        applied = {row["layer"]: row["applied"] for row in ran.event("layers")["layers"]}
        for name in ("namespaces", "own-proc", "landlock", "seccomp"):
            self.assertEqual(rows[name], applied[name], name)


class Policies(harness.Case):
    def check(self, text, name="confide.toml"):
        return confide("policy", "check", self.file(f"project/{name}", text))

    def test_good_files(self):
        for text in ("version = 1\n", 'version = 1\n[profile.x]\nextends = "tool"\nnetwork = "host"\nread = ["~/data", "$PROJECT/x"]\n'):
            ran = self.check(text)
            self.assert_code(ran, 0)
            self.assertEqual(ran.out + ran.err, b"", ran)

    def test_bad_files(self):
        for text, *words in (
            ('version = 1\n[profile.x]\nextends = "tool"\nnetwrk = "none"\n', ":4:1:", "netwrk", "did you mean `network`"),
            ('version = 1\n[profile.x]\nnetwork = "hots"\n', ":3:", "host"),
            ('version = 1\n[profile.x]\nnetwork = true\n', ":3:"),
            ('version = 1\n[profle.x]\n', ":2:", "did you mean `profile`"),
            ("version = 2\n", ":1:", "version"),
            ("[profile.x]\n", "version"),
            ('version = 1\n[profile.x]\nread = ["../up"]\n', ":3:"),
            ('version = 1\nversion = 1\n', ":2:"),
            ("version = 1\nx = \"unterminated\n", ":2:"),
            ("\xff\xfe", ":1:"),
        ):
            with self.subTest(text=text):
                ran = self.check(text.encode("latin-1"))
                self.assert_code(ran, 123)
                said = ran.text + ran.err.decode()
                for word in words:
                    self.assertIn(word, said, ran)

    def test_a_profile_that_extends_nothing(self):
        """Which profiles there are is known in a run, not of one file."""
        path = self.file("project/p.toml", 'version = 1\n[profile.x]\nextends = "toool"\n')
        self.assert_fails(run("true", options=["--policy", path, "--profile", "x"]), 123, "p.toml:3", "toool", "did you mean `tool`")

    def test_all_at_once(self):
        ran = self.check('version = 1\n[profile.x]\nextends = "tool"\none = 1\ntwo = 2\nthree = 3\n')
        self.assertEqual(len(ran.text.splitlines()), 3, ran)

    def test_unreadable(self):
        self.assert_fails(confide("policy", "check", "/no/such/file"), 123, "/no/such/file")
        self.assert_fails(confide("policy", "check", "/usr"), 123, "/usr")

    def test_the_schema(self):
        ran = confide("policy", "schema")
        self.assert_code(ran, 0)
        schema = json.loads(ran.out)
        self.assertIn("$schema", schema)
        self.assertIn("profile", json.dumps(schema["properties"]))


class Shell(harness.Case):
    def test_it_runs_the_string(self):
        ran = confide("shell", "--", "echo a; echo b | tr b c; exit 7")
        self.assert_code(ran, 7)
        self.assertEqual(ran.text, "a\nc\n", ran)

    def test_it_takes_no_options(self):
        for arguments in (["--read", "/", "--", "x"], ["--network", "host", "--", "x"], ["--profile=agent", "--", "x"], ["--json", "--", "x"], ["--", "x", "y"],
                          ["x"], ["--"], ["--secret", "A=env:B", "--", "x"], ["--policy", "p", "--", "x"], ["--env", "X", "--", "x"], ["-h", "--", "x"],
                          ["--help", "--", "x"], ["--", "--", "x"]):
            ran = confide("shell", *arguments)
            self.assert_code(ran, 2)
            self.assertEqual(ran.out, b"", ran)

    def test_options_in_the_string_stay_in_the_string(self):
        ran = confide("shell", "--", "echo --network host -- --read /")
        self.assertEqual(ran.text, "--network host -- --read /\n", ran)
        marker = self.path("marker")
        ran = confide("shell", "--", f"--read / -- touch {marker}")
        self.assert_code(ran, 127)  # a command by the name of --read
        ran = confide("shell", "--", "-c 'echo smuggled'")
        self.assertNotIn("smuggled\n", ran.text, ran)
        self.assert_code(ran, 127)
        self.assert_code(confide("shell", "--", ""), 0)

    def test_the_environment_widens_nothing(self):
        """No variable of the caller's names another policy, profile or home for it."""
        self.folder("other/confide")
        self.file("other/confide/config.toml", 'version = 1\ndefault-profile = "wide"\n[profile.wide]\nextends = "tool"\nnetwork = "host"\n')
        self.folder("home/.config/confide")
        self.file("home/.config/confide/config.toml", 'version = 1\ndefault-profile = "wide"\n[profile.wide]\nextends = "tool"\nnetwork = "host"\n')
        count = "ls /sys/class/net 2>/dev/null; grep -c : /proc/net/dev"
        expected = confide("shell", "--", count).text
        for more in ({"XDG_CONFIG_HOME": self.path("other")}, {"HOME": self.path("home")}, {"CONFIDE_PROFILE": "agent"}):
            self.assertEqual(confide("shell", "--", count, env=environment(**more)).text, expected, more)
        self.file("project/confide.toml", 'version = 1\ndefault-profile = "wide"\n[profile.wide]\nextends = "tool"\nnetwork = "host"\n')
        self.assertEqual(confide("shell", "--", count).text, expected)

    def test_no_network(self):
        ran = confide("shell", "--", "grep -c : /proc/net/dev")
        self.assertEqual(ran.text, "1\n", ran)


class Words(harness.Case):
    """Arguments, names and paths are bytes."""

    def test_arguments_pass_as_they_are(self):
        words = [b"plain", b"two words", b"new\nline", b"tab\t", b"\xff\xfe\x80", "é€😀".encode(), b"", b"--", b"-x", b"$HOME `id` \"'\\", b"*", b"a=b", b"\x01\x1b[31m"]
        script = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(os.fsencode(word) for word in sys.argv[1:]))"
        ran = run(harness.PYTHON, "-c", script, *words)
        self.assert_code(ran, 0)
        self.assertEqual(ran.out.split(b"\0"), words)
        ran = run(harness.PYTHON, "-c", script, *words, options=self.secret("S", "0123456789abcdef"))
        self.assertEqual(ran.out.split(b"\0"), words)

    def test_many_arguments(self):
        words = [f"word-{number}" for number in range(20_000)]
        ran = run("sh", "-c", "echo $#", "sh", *words)
        self.assertEqual(ran.text, "20000\n", ran)

    def test_one_long_argument(self):
        self.assertEqual(run("sh", "-c", 'echo ${#1}', "sh", "x" * 131_000).text, "131000\n")

    def test_any_umask(self):
        for umask in (0o777, 0o077, 0):
            with self.subTest(umask=oct(umask)):
                ran = run("sh", "-c", "umask; stat -c %a /tmp /dev/shm ~", umask=umask)
                self.assertEqual(ran.text.split(), [f"{umask:04o}", "1777", "1777", "700"], ran)

    def test_odd_folders(self):
        for name in (b"with space", b"new\nline", b"\xff\xfe", b"quote'\"", b"$PROJECT", b"~", b"-dash", "ümläut".encode(), b"a:b,c=d", b"\\back", b"x" * 200, b"*?["):
            with self.subTest(name=name):
                folder = os.path.join(os.fsencode(self.base), b"odd", name)
                os.makedirs(os.path.join(folder, b".git"))
                ran = run("sh", "-c", "printf made > file; pwd", cwd=folder)
                self.assert_code(ran, 0)
                self.assertEqual(ran.out, folder + b"\n", ran)
                with open(os.path.join(folder, b"file"), "rb") as file:
                    self.assertEqual(file.read(), b"made")
                shown = os.path.join(os.fsencode(self.base), b"shown", name)
                os.makedirs(shown)
                with open(os.path.join(shown, b"file"), "wb") as file:
                    file.write(b"shown")
                ran = run("cat", os.path.join(shown, b"file"), options=["--read", shown])
                self.assertEqual(ran.out, b"shown", ran)
                ran = run("sh", "-c", "printf more >> \"$1\"", "sh", os.path.join(shown, b"file"), options=["--write", shown])
                self.assert_code(ran, 0)
                ran = confide("explain", "--read", shown, "--", "true")
                self.assert_code(ran, 0)
                self.assertNotIn(b"new\nline", ran.out, "one step a line")
                json.loads(confide("explain", "--json", "--read", shown, "--", "true").out)

    def test_links(self):
        real = self.folder("real")
        self.file("real/file", "through a link\n")
        os.symlink("real", self.path("link"))
        os.symlink(self.path("link"), self.path("second"))
        for path in (self.path("link"), self.path("second"), f"{real}/./", f"{self.base}//link/", self.path("second/file")):
            name = path if path.endswith("file") else os.path.join(path, "file")
            ran = run("cat", name, options=["--read", path])
            self.assertEqual(ran.text, "through a link\n", ran)
        self.assert_fails(run("true", options=["--read", f"{real}/../link"]), 2, "..", "ambiguous")

    def test_relative_paths(self):
        self.file("project/sub-file", "x")
        self.folder("beside")
        self.file("beside/file", "beside\n")
        ran = run("cat", "../beside/file", options=["--read", "../beside"])
        self.assertEqual(ran.text, "beside\n", ran)
        self.file("project/hidden", "to hide")
        ran = run("cat", "hidden", options=["--hide", "hidden"])
        self.assertEqual(ran.text, "", ran)

    def test_missing_paths(self):
        for option in ("--read", "--write"):
            for path in ("/no/such/path", "missing", self.path("dangling")):
                if path.endswith("dangling") and not os.path.lexists(path):
                    os.symlink("/no/such/target", path)
                ran = run("echo", "launched", options=[option, path])
                self.assert_fails(ran, 123, os.path.basename(path), "does not exist")
                self.assertEqual(ran.out, b"", ran)

    def test_env(self):
        ran = run("sh", "-c", 'echo "$A|$B|$C|$FOO_TOKEN"', options=["--env", "A=1 2", "--env", "B=", "--env", "C==x", "--env", "FOO_TOKEN"], env=environment(FOO_TOKEN="t" * 20))
        self.assertEqual(ran.text, f"1 2||=x|{'t' * 20}\n", ran)

    def test_a_folder_that_is_gone(self):
        os.makedirs("gone")
        os.chdir("gone")
        os.rmdir("../gone")
        ran = run("echo", "launched")
        os.chdir(self.project)
        self.assertIn(ran.code, (123, 125), ran)
        self.assertIn("working directory", ran.errors[0], ran)

    def test_repeated_runs_leave_no_trace_in_the_project(self):
        run("true")
        self.assertEqual(sorted(glob.glob("*", root_dir=".", include_hidden=True)), [".git"])


class Status(harness.Case):
    def test_the_lines(self):
        for options in ([], self.secret("S", "some value")):
            ran = run("sh", "-c", "exit 3", options=options, status=True)
            self.assertEqual([event["event"] for event in ran.events], ["layers", "started", "exit"], ran)
            self.assertLessEqual({"event": "exit", "code": 3, "signal": 0, "time_limit": False}.items(), ran.events[-1].items(), ran)
            self.assertGreater(ran.event("started")["sandbox_pid"], 1)
            for row in ran.event("layers")["layers"]:
                self.assertEqual(sorted(row), ["applied", "layer", "note"], row)

    def test_failures(self):
        for options, command, code in (([], "no-such-command", 127), (["--secret", "A=file:///no/such"], "true", 123), ([], "/usr", 126)):
            ran = run(command, options=options, status=True)
            self.assert_code(ran, code)
            self.assertEqual(ran.event("failed")["code"], code, ran)
            self.assertIsNone(ran.event("exit"), ran)

    def test_descriptors_that_are_none(self):
        for number in ("99", "-5", "x", "99999999999"):
            self.assert_code(run("true", options=["--status-fd", number]), 2)
        reader, writer = os.pipe()
        os.close(writer)
        self.assert_fails(run("true", options=["--status-fd", str(reader)], pass_fds=(reader,)), 2, "status-fd")
        os.close(reader)

    def test_a_reader_that_is_gone(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.assert_code(run("sh", "-c", "exit 5", options=["--status-fd", str(writer)], pass_fds=(writer,)), 5)
        os.close(writer)

    def test_a_reader_that_does_not_read(self):
        """A full pipe of status lines does not hold up the run for ever."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(writer, True)
        try:
            self.assert_code(run("sh", "-c", "exit 5", options=["--status-fd", str(writer), "--timeout", "5s"], pass_fds=(writer,), limit=25), 5)
        finally:
            os.close(reader)
            os.close(writer)


if __name__ == "__main__":
    harness.main()
