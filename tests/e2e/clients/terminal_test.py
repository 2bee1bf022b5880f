"""The clients as people use them: on a terminal, in `confide agent`. Start, resize, type, Ctrl-Z and fg, Ctrl-C, and the
terminal as it was."""

import os
import shlex
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from model import Model, shell  # noqa: E402
from session import harness  # noqa: E402
from screen import Screen  # noqa: E402

# What the shell in the pane says of its terminal.
STATE = "stty -a > {0}; echo said-$((40 + 2))"


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
@harness.need("tmux")
class OnATerminal(unittest.TestCase):
    maxDiff = None

    def play(self, client, ready, quits):
        self.addCleanup(client.close)
        client.wrap = []
        client.settings_for_the_terminal()
        with Model([shell("cat .env; printenv DB_PASSWORD; echo in-the-sandbox > made"), "Words of the model's."]) as model:
            variables = {**client.environment_for(model), "TERM": "xterm-256color", "PS1": "prompt> ", "HISTFILE": "/dev/null"}
            line = shlex.join(client.wrapped(client.on_a_terminal(model)))
            client.write("out/line", line)
            pane = ["env", "-i", "-C", client.project, *(f"{name}={value}" for name, value in variables.items()), "bash", "--norc", "--noprofile", "-i"]
            with Screen(client.top, shlex.join(pane), 110, 34) as screen:
                screen.wait_for("prompt>")
                screen.type(STATE.format("../out/before"), "Enter")
                screen.wait_for("said-42")
                screen.type("clear; eval \"$(cat ../out/line)\"", "Enter")
                screen.wait_for(ready)
                screen.resize(76, 24)
                screen.settled()
                self.assertIn(ready, screen.text())
                screen.type("go on")
                screen.wait_for("go on")
                screen.type("Enter")
                screen.wait_for("Words of the model's.")
                self.assertEqual(client.read("project/made"), "in-the-sandbox\n")

                screen.type("C-z")
                screen.wait_for("Stopped")
                screen.type("clear; echo stopped-$((40 + 3))", "Enter")
                screen.wait_for("stopped-43")
                screen.type("fg", "Enter")
                screen.resize(100, 30)
                screen.wait_for(ready)

                for _ in range(quits):
                    screen.type("C-c")
                    screen.pause(0.4)
                screen.wait_for("prompt>")
                screen.type("clear", "Enter")
                screen.resize(110, 34)
                screen.type(STATE.format("../out/after"), "Enter")
                screen.wait_for("said-42")
                self.assertEqual(client.read("out/after"), client.read("out/before"))
                self.assertEqual(screen.modes(), "alternate 0 cursor 1 mouse 0")
                self.assertEqual(client.judge.in_bytes(screen.history().encode()), set())
            self.assertEqual(client.judge.in_bytes(b"".join(model.requests)), set())
        self.assertEqual(harness.wait_for(lambda: not os.path.lexists(client.path("project/.husky"))), True)

    def test_claude_code(self):
        self.play(session.Claude(), "❯", 2)

    def test_codex(self):
        self.play(session.Codex(), "Ask Codex", 1)


if __name__ == "__main__":
    harness.main()
