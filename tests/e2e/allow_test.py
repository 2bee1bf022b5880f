"""confide allow and deny: a project's confide.toml counts as a person saw it, and no run can change that."""

import glob
import json
import os
import pwd

import harness

STATE = os.path.join(pwd.getpwuid(os.geteuid()).pw_dir, ".local/state/confide")
POLICY = "version = 1\n[profile.tool]\nenvironment = { set = { FROM_PROJECT = 'yes' } }\n"


class Allow(harness.Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(harness.confide, "deny", self.project)

    def seen(self, verb="run", **more):
        """What a run's command sees of the project's policy, and what is said about it."""
        script = "echo ${FROM_PROJECT-no}"
        words = ["--", script] if verb == "shell" else ["--", "sh", "-c", script]
        ran = harness.confide(verb, *words, **more)
        self.assert_code(ran, 0)
        return ran.text.strip(), ran.err.decode()

    def test_a_file_counts_once_it_is_allowed(self):
        self.file("project/confide.toml", POLICY)
        for verb in ("run", "shell"):
            got, said = self.seen(verb)
            self.assertEqual(got, "no")
            self.assertIn("nobody has allowed it", said)
            self.assertIn(f"confide allow {self.project}", said)
        ran = harness.confide("allow")
        self.assert_code(ran, 0)
        self.assertIn("sha256", ran.text)
        for verb in ("run", "shell"):
            self.assertEqual(self.seen(verb), ("yes", ""))
        self.assert_code(harness.confide("deny"), 0)
        self.assertEqual(self.seen()[0], "no")

    def test_a_changed_file_is_inert_until_it_is_allowed_again(self):
        self.file("project/confide.toml", POLICY)
        self.assert_code(harness.confide("allow", self.project), 0)
        self.file("project/confide.toml", POLICY + "network = 'host'\n")
        for verb in ("run", "shell"):
            got, said = self.seen(verb)
            self.assertEqual(got, "no")
            self.assertIn("has changed since it was allowed", said)
        self.file("project/confide.toml", POLICY)
        self.assertEqual(self.seen(), ("yes", ""))

    def test_below_the_project_and_by_any_name_of_it(self):
        self.file("project/confide.toml", POLICY)
        os.symlink(self.project, self.path("alias"))
        self.assert_code(harness.confide("allow", self.path("alias/confide.toml")), 0)
        self.folder("project/below")
        for place in (self.path("project/below"), self.path("alias")):
            self.assertEqual(self.seen(cwd=place), ("yes", ""))

    def test_another_project_with_the_same_file_is_another_project(self):
        self.file("project/confide.toml", POLICY)
        self.assert_code(harness.confide("allow"), 0)
        self.folder("twin/.git")
        self.file("twin/confide.toml", POLICY)
        self.assertEqual(self.seen(cwd=self.path("twin"))[0], "no")

    def test_what_cannot_be_allowed(self):
        self.assert_fails(harness.confide("allow"), 123, "has no confide.toml")
        self.file("project/confide.toml", "version = 1\nprofle = 1\n")
        self.assert_fails(harness.confide("allow"), 123, "confide.toml:2", "profile")
        os.remove("confide.toml")
        os.symlink(self.file("elsewhere.toml", POLICY), "confide.toml")
        self.assert_fails(harness.confide("allow"), 123, "is a link")
        self.assertIn("is a link", self.seen()[1])
        os.remove("confide.toml")
        os.mkfifo("confide.toml")
        self.assert_fails(harness.confide("allow"), 123, "is no file")
        self.assert_fails(harness.confide("allow", "/"), 123, "is in no project")
        self.assert_fails(harness.confide("allow", self.path("none")), 123, "No such file")
        self.assert_fails(harness.confide("allow", "--all"), 2, "--all")
        self.assert_fails(harness.confide("allow", "a", "b"), 2, "`b`")

    def test_a_file_that_is_replaced_by_a_link_to_itself_does_not_count(self):
        self.file("project/confide.toml", POLICY)
        self.assert_code(harness.confide("allow"), 0)
        os.rename("confide.toml", "real.toml")
        os.symlink("real.toml", "confide.toml")
        got, said = self.seen()
        self.assertEqual(got, "no")
        self.assertIn("is a link", said)

    def test_a_named_policy_needs_no_allowing(self):
        self.file("project/confide.toml", POLICY)
        ran = harness.run("sh", "-c", "echo ${FROM_PROJECT-no}", options=["--policy", "confide.toml"])
        self.assertEqual((ran.text, ran.err), ("yes\n", b""))

    def test_nothing_in_a_sandbox_reaches_the_list(self):
        self.file("project/confide.toml", POLICY)
        before = sorted(glob.glob(STATE + "/allowed/*"))
        for attempt in (f"{harness.CONFIDE} allow {self.project}", f"mkdir -p {STATE}/allowed && echo x > {STATE}/allowed/x",
                        f"HOME=/tmp {harness.CONFIDE} allow", f"ls {STATE}/allowed/*"):
            harness.confide("shell", "--", attempt)
            harness.run("sh", "-c", attempt)
        self.assertEqual(sorted(glob.glob(STATE + "/allowed/*")), before)
        self.assertEqual(self.seen()[0], "no")

    def test_the_environment_does_not_move_the_list(self):
        self.file("project/confide.toml", POLICY)
        elsewhere = {"HOME": self.folder("home"), "XDG_STATE_HOME": self.folder("state"), "XDG_CONFIG_HOME": self.folder("config")}
        self.assert_code(harness.confide("allow", env=harness.environment(**elsewhere)), 0)
        self.assertEqual(self.seen(), ("yes", ""))
        self.assertEqual(os.listdir(self.path("home")) + os.listdir(self.path("state")), [])

    def test_as_json(self):
        self.file("project/confide.toml", POLICY)
        allowed = json.loads(harness.confide("allow", "--json").text)
        self.assertEqual((allowed["project"], allowed["allowed"], len(allowed["sha256"])), (self.project, True, 64))
        self.assertEqual(json.loads(harness.confide("deny", "--json").text), {"project": self.project, "allowed": False})
        ran = harness.confide("allow", "--json", "/")
        self.assert_code(ran, 123)
        self.assertEqual(json.loads(ran.err)["error"]["kind"], "refused")


if __name__ == "__main__":
    harness.main()
