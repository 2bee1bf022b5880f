"""confide setup: what it writes into clients' settings, and that taking it out leaves every byte as it was.

What the clients make of it is tried with the clients themselves (clients/)."""

import json
import os
import pathlib
import random
import shutil
import tomllib

import harness
from harness import CONFIDE

CLAUDE_HOOK = {"matcher": "*", "hooks": [{"type": "command", "command": CONFIDE, "args": ["hook", "claude"], "timeout": 30,
                                          "onFailure": "block"}]}
JSON_TEXTS = (
    "{}", "{}\n", "{ }", "{\n}\n", '{"a":1}', '{\n  "a": 1\n}\n', '{\n\t"a": {\n\t\t"b": []\n\t}\n}', '{\r\n  "a": 1\r\n}\r\n',
    '{"hooks": {}}', '{\n    "hooks": {\n    }\n}\n', '{"hooks":{"PreToolUse":[]}}', '{\n  "hooks": {\n    "PreToolUse": [\n    ]\n  }\n}\n',
    '{\n  "hooks": {\n    "PreToolUse": [\n      {"matcher": "Bash", "hooks": [{"type": "command", "command": "x"}]}\n    ],\n    "Stop": []\n  },\n  "z": "\\u00e9"\n}\n',
    '{"hooks": {"Stop": []}, "permissions": {"allow": ["Bash"]}}',
)
TOML_TEXTS = ("", "\n", "model = 'x'", "model = 'x'\n", "# note\n\n[a]\nb = 1\n\n\n", "[[hooks.PreToolUse]]\nmatcher = 'x'\n[[hooks.PreToolUse.hooks]]\ntype = 'command'\ncommand = 'y'\n",
              "[features]\nweb = true\n", "a = 1\r\nb = 2\r\n", "[hooks.state.'k']\ntrusted_hash = 'sha256:0'\n")


class Setup(harness.Case):
    def setUp(self):
        super().setUp()
        self.home = self.folder("home")
        self.env = harness.environment(HOME=self.home)

    def setup_(self, *words, **more):
        return harness.confide("setup", *words, env=self.env, **more)

    def files(self):
        """{path: content} of everything below the home but for confide's own state."""
        found = {}
        for folder, _, names in os.walk(self.home):
            if ".local" in folder:
                continue
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.relpath(os.path.join(folder, name), self.home)] = file.read()
        return found

    def write(self, name, text):
        self.folder(os.path.join("home", os.path.dirname(name)))
        return self.file(os.path.join("home", name), text)

    def there_and_back(self, *words):
        """Sets up, twice, and takes it out; what stood in between."""
        before = self.files()
        self.assert_code(self.setup_(*words), 0)
        between = self.files()
        self.assertNotEqual(between, before)
        again = self.setup_(*words)
        self.assert_code(again, 0)
        self.assertEqual(self.files(), between, again)
        self.assertIn("nothing to change", again.text)
        self.assert_code(self.setup_(*words, "--remove"), 0)
        self.assertEqual(self.files(), before)
        self.assertIn("nothing to take out", self.setup_(*words, "--remove").text)
        return between

    def test_claude_in_every_form_of_file(self):
        for text in (None, *JSON_TEXTS):
            with self.subTest(text=text):
                shutil.rmtree(self.home)
                os.makedirs(self.home)
                if text is not None:
                    self.write(".claude/settings.json", text)
                between = json.loads(self.there_and_back("claude")[".claude/settings.json"])
                self.assertEqual(between["hooks"]["PreToolUse"][-1], CLAUDE_HOOK)
                if text is None:
                    self.assertFalse(os.path.exists(self.path("home/.claude")), "a folder of ours is left")
                else:
                    rest = json.loads(text)
                    between["hooks"]["PreToolUse"].pop()
                    for name, value in rest.items():
                        if name != "hooks":
                            self.assertEqual(between[name], value)
                    for name, value in rest.get("hooks", {}).items():
                        self.assertEqual(between["hooks"][name], value)

    def test_claude_in_random_files(self):
        random.seed(5)

        def value(depth):
            kind = random.randrange(6 if depth else 4)
            if kind > 3:
                return {random.choice(("a", "b", "hooks", "PreToolUse", "é")): value(depth - 1) for _ in range(random.randrange(3))} if kind == 4 else [value(depth - 1) for _ in range(random.randrange(3))]
            return random.choice((1, -2.5e3, True, None, "x", 'q"\\', "\u2028", ""))

        for _ in range(60):
            top = {name: value(3) for name in random.sample(["a", "b", "c", "env"], random.randrange(4))}
            if random.randrange(2):
                top["hooks"] = {"PreToolUse": [{"matcher": "X", "hooks": []}] * random.randrange(3), **({"Stop": []} if random.randrange(2) else {})}
            text = json.dumps(top, indent=random.choice((None, 0, 1, 2, 4, 8, "\t")), ensure_ascii=bool(random.randrange(2)))
            shutil.rmtree(self.home)
            os.makedirs(self.home)
            self.write(".claude/settings.json", text + random.choice(("", "\n", "\n\n")))
            self.there_and_back("claude")

    def test_codex_in_every_form_of_file(self):
        for text in (None, *TOML_TEXTS):
            for hooks in (None, '{"hooks":{}}', '{"hooks": {"PreToolUse": [{"matcher": "x", "hooks": []}]}}'):
                with self.subTest(text=text, hooks=hooks):
                    shutil.rmtree(self.home)
                    os.makedirs(self.home)
                    if text is not None:
                        self.write(".codex/config.toml", text)
                    if hooks is not None:
                        self.write(".codex/hooks.json", hooks)
                    between = self.there_and_back("codex")
                    config = tomllib.loads(between[".codex/config.toml"].decode())
                    rest = tomllib.loads(text or "")
                    groups = config["hooks"].get("PreToolUse", [])
                    file = "config.toml"
                    if hooks is not None:
                        file, groups = "hooks.json", json.loads(between[".codex/hooks.json"])["hooks"]["PreToolUse"]
                    self.assertEqual(groups[-1]["hooks"], [{"type": "command", "command": CONFIDE + " hook codex", "timeout": 30}])
                    self.assertIn(f"{self.home}/.codex/{file}:pre_tool_use:{len(groups) - 1}:0", config["hooks"]["state"])
                    for name, value in rest.items():
                        if name != "hooks":
                            self.assertEqual(config[name], value)
                    self.assertIn(b'"shell", "--"', between[".codex/rules/confide.rules"])

    def test_boxed(self):
        self.write("bin/codex", "#!/bin/sh\n")
        os.chmod(self.path("home/bin/codex"), 0o755)
        self.env["PATH"] = self.path("home/bin") + ":" + self.env["PATH"]
        for text in (None, "# mine\n"):
            if text:
                self.write(".codex/environments.toml", text)
            config = tomllib.loads(self.there_and_back("codex", "--boxed")[".codex/environments.toml"].decode())
            self.assertEqual((config["default"], config["include_local"]), ("confide", False))
            self.assertEqual(config["environments"][0]["program"], CONFIDE)
            self.assertIn(self.path("home/bin/codex"), config["environments"][0]["args"])

    def test_what_stands_in_the_way_is_named_with_its_line_and_nothing_is_written(self):
        self.env["PATH"] = self.path("home/bin") + ":" + self.env["PATH"]
        self.write("bin/codex", "#!/bin/sh\n")
        os.chmod(self.path("home/bin/codex"), 0o755)
        for words, name, text, said in (
                (["claude"], ".claude/settings.json", '{\n  "a": 1,\n}\n', "settings.json:3:1"),
                (["claude"], ".claude/settings.json", '{\n  // note\n  "a": 1}\n', "settings.json:2:3"),
                (["claude"], ".claude/settings.json", "", "settings.json:1:1"),
                (["claude"], ".claude/settings.json", "[]", "settings.json:1"),
                (["claude"], ".claude/settings.json", '{\n\n"hooks": []}', "settings.json:3"),
                (["claude"], ".claude/settings.json", '{"hooks": {\n"PreToolUse": {}}}', "settings.json:2"),
                (["codex"], ".codex/config.toml", "a = 1\nb = \n", "config.toml:2"),
                (["codex"], ".codex/config.toml", "hooks = {}\n", "config.toml"),
                (["codex"], ".codex/hooks.json", "{", "hooks.json:1:2"),
                (["codex"], ".codex/rules/confide.rules", "mine\n", "confide.rules"),
                (["codex", "--boxed"], ".codex/environments.toml", "\ninclude_local = true\n", "environments.toml:2"),
        ):
            with self.subTest(name=name, text=text):
                file = self.write(name, text)
                before = self.files()
                self.assert_fails(self.setup_(*words), 123, said)
                self.assertEqual(self.files(), before)
                os.remove(file)

    def test_edits_in_between_stay(self):
        self.write(".claude/settings.json", '{\n  "a": 1\n}\n')
        self.assert_code(self.setup_("claude"), 0)
        text = self.files()[".claude/settings.json"].decode()
        self.write(".claude/settings.json", text.replace('"a": 1', '"a": 2,\n  "b": {"c": []}'))
        self.assert_code(self.setup_("claude", "--remove"), 0)
        self.assertEqual(self.files()[".claude/settings.json"].decode(), '{\n  "a": 2,\n  "b": {"c": []}\n}\n')

    def test_a_client_that_writes_the_file_anew_is_no_obstacle(self):
        self.write(".claude/settings.json", '{"a": 1,\n\n "hooks": {"PreToolUse": [{"matcher": "Z", "hooks": []}]}}')
        self.assert_code(self.setup_("claude"), 0)
        anew = {**json.loads(self.files()[".claude/settings.json"]), "b": 2}
        self.write(".claude/settings.json", json.dumps(anew, indent=2))
        self.assertIn("nothing to change", self.setup_("claude").text)
        self.assert_code(self.setup_("claude", "--remove"), 0)
        self.assertEqual(json.loads(self.files()[".claude/settings.json"]), {"a": 1, "b": 2, "hooks": {"PreToolUse": [{"matcher": "Z", "hooks": []}]}})

    def test_an_older_program_is_replaced(self):
        old = json.dumps({"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [{"type": "command", "command": "/old/confide", "args": ["hook", "claude"]}]}]}})
        self.write(".claude/settings.json", old)
        self.assert_code(self.setup_("claude"), 0)
        self.assertEqual(json.loads(self.files()[".claude/settings.json"])["hooks"]["PreToolUse"], [CLAUDE_HOOK])

    def test_a_link_stays_a_link_and_modes_stay(self):
        target = self.file("dotfile.json", "{}", 0o640)
        self.folder("home/.claude")
        os.symlink(target, self.path("home/.claude/settings.json"))
        self.assert_code(self.setup_("claude"), 0)
        self.assertTrue(os.path.islink(self.path("home/.claude/settings.json")))
        self.assertIn("onFailure", pathlib.Path(target).read_text())
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o640)
        self.assert_code(self.setup_("claude", "--remove"), 0)
        self.assertEqual(pathlib.Path(target).read_text(), "{}")

    def test_print_shows_and_writes_nothing(self):
        ran = self.setup_("claude", "--print")
        self.assert_code(ran, 0)
        self.assertIn('+          "onFailure": "block"', ran.text.replace("            ", "          "))
        self.assertEqual(os.listdir(self.home), [])
        shown = json.loads(self.setup_("codex", "--print", "--json").text)
        self.assertFalse(shown["written"])
        self.assertEqual([os.path.basename(change["path"]) for change in shown["changes"]], ["config.toml", "confide.rules"])
        self.assertEqual(os.listdir(self.home), [])

    def test_escapes_are_reported(self):
        self.write(".claude/settings.json", json.dumps({"permissions": {"allow": ["Bash(confide run:*)", "Bash", "Read"]}, "disableAllHooks": True}))
        said = self.setup_("claude", "--print").err.decode()
        self.assertIn("`Bash(confide run:*)`: an escape", said)
        self.assertIn("`Bash`: should the hook", said)
        self.assertIn("disableAllHooks", said)
        self.assertNotIn("`Read`", said)
        self.write(".codex/rules/default.rules", 'prefix_rule(pattern = ["/usr/bin/confide", "run"], decision = "allow")\n')
        self.assertIn("a rule for `confide run` is an escape", self.setup_("codex", "--print").err.decode())
        self.assert_code(self.setup_("codex"), 0)
        self.assertEqual(self.setup_("codex").err.decode().count("escape"), 1)  # our own file is none

    def test_the_project(self):
        self.assert_code(self.setup_("claude", "--project"), 0)
        with open(".claude/settings.json", encoding="utf-8") as file:
            self.assertEqual(json.load(file), {"hooks": {"PreToolUse": [CLAUDE_HOOK]}})
        self.assert_code(self.setup_("claude", "--project", "--remove"), 0)
        self.assertFalse(os.path.exists(".claude"))
        self.assert_fails(self.setup_("claude", "--project", cwd="/"), 123, "no project")

    def test_managed_is_roots(self):
        shown = self.setup_("claude", "--managed", "--print")
        self.assert_code(shown, 0)
        self.assertIn("allowManagedHooksOnly", shown.text)
        self.assertIn("managed_dir", self.setup_("codex", "--managed", "--print").text)
        if not harness.AS_ROOT:
            self.assert_fails(self.setup_("claude", "--managed"), 123, "sudo")

    def test_usage(self):
        for words in ((), ("gemini",), ("claude", "codex"), ("claude", "--user", "--managed"), ("claude", "--force"), ("claude", "--boxed"),
                      ("codex", "--boxed", "--managed", "--print")):
            self.assert_fails(self.setup_(*words), 2)

    def test_from_inside_a_sandbox_nothing_of_a_persons_is_reached(self):
        self.write(".claude/settings.json", "{}")
        harness.confide("shell", "--", f"HOME={self.home} {CONFIDE} setup claude", env=self.env)
        self.assertEqual(self.files()[".claude/settings.json"], b"{}")


if __name__ == "__main__":
    harness.main()
