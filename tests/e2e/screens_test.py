"""Full-screen programs look the same masked and unmasked when nothing secret shows, on a real terminal emulator (tmux).

Each scene is played three times with the same keys: without confide, in a run whose output is not masked, and in one
whose output is. The screens are compared with their colours and attributes, and so is where the cursor stands.
"""

import re
import shlex

import harness
from harness import CONFIDE, need, wait_for
from screen import Screen


TEXT = "\n".join(f"line {n}: the quick brown fox jumps over the lazy dog, ÄÖÜ 漢字 and a\ttab" for n in range(1, 200)) + "\n"
CODE = '#include <stdio.h>\n\n/* A comment. */\nint main(void) {\n  const char *text = "some text";\n  return printf("%s %d\\n", text, 42);\n}\n'
DRAWING = """
import os, signal, sys, time
def draw(*_):
    columns, rows = os.get_terminal_size()
    out = '\\x1b[?1049h\\x1b[?25l\\x1b[2J'
    for y in range(1, rows + 1):
        for x in range(1, columns + 1, 7):
            out += f'\\x1b[{y};{x}H\\x1b[38;5;{(x * y) % 256};48;2;{x % 256};{y * 9 % 256};40m{(x + y) % 10}\\x1b[1;3;4mab\\x1b[0m'
    out += f'\\x1b[2;3H\\x1b[7m {columns}x{rows} \\x1b[27m\\x1b]0;a title\\x07\\x1b(0lqqk\\x1b(B\\x1b[{rows};1Hdrawn {columns}'
    sys.stdout.write(out); sys.stdout.flush()
signal.signal(signal.SIGWINCH, draw)
draw()
while True: signal.pause()
"""


class Screens(harness.Case):
    def play(self, command, scene, normal=lambda picture: picture):
        """Plays `scene`, which yields pictures, in each way, and compares them."""
        options = self.secret("TOKEN", f"CANARY-{harness.new_token()}-{harness.new_token()}")
        words = shlex.join(command)
        ways = {
            "without confide": words,
            "not masked": f"{shlex.join([CONFIDE, 'run', '--no-masking', *options, '--'])} {words}",
            "masked": f"{shlex.join([CONFIDE, 'run', *options, '--'])} {words}",
        }
        pictures = {}
        for way, line in ways.items():
            with Screen(self.folder(way.replace(" ", "")), line) as screen:
                pictures[way] = [normal(picture) for picture in scene(screen)]
        self.assertTrue(pictures["masked"] and all(pictures["masked"]))
        self.assertEqual(pictures["masked"], pictures["not masked"])
        self.assertEqual(pictures["masked"], pictures["without confide"])

    @need("tmux", "vim")
    def test_vim(self):
        file = self.file("project/code.c", CODE)

        def scene(screen):
            screen.wait_for("return printf")
            yield screen.settled()
            screen.type("G", "o", "added at the end", "Escape", "gg", "/text", "Enter")
            screen.wait_for("added at the end")
            yield screen.settled()
            screen.type(":vsplit", "Enter", ":set number hlsearch", "Enter")
            yield screen.settled()
            screen.resize(70, 18)
            yield screen.settled()
            screen.type(":qa!", "Enter")
            if not wait_for(screen.is_dead, 20):
                raise AssertionError("vim does not end:\n" + screen.text())

        self.play(["vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "-c", "set nomodeline ttimeoutlen=50 | syntax on | set ruler showcmd", file], scene)

    @need("tmux", "less")
    def test_less(self):
        file = self.file("project/text", TEXT.replace("brown", "\x1b[38;5;130mbrown\x1b[0m").replace("fox", "\x1b[1;31mfox\x1b[0m"))

        def scene(screen):
            screen.wait_for("line 12")
            yield screen.settled()
            screen.type("Space", "Down", "Down", "/line 99", "Enter")
            screen.wait_for("line 99")
            yield screen.settled()
            screen.resize(60, 15)
            yield screen.settled()
            screen.type("G")
            screen.wait_for("line 199")
            yield screen.settled()
            screen.type("q")
            wait_for(screen.is_dead, 20)

        self.play(["less", "-R", "-N", file], scene)

    @need("tmux", "top")
    def test_top(self):
        """What stands where, in which colours; the numbers are nobody's twice."""

        def normal(picture):
            plain = [line.replace("\x1b[0m", "") for line in picture.splitlines()[:7]]
            lines = [re.sub(r" *(?<!\x1b\[)[0-9]+([.,:][0-9]+)*(?!m)", " 0", line) for line in plain]
            # Neither how long the bars are that `m` draws, nor how they are coloured.
            bar = r"(?<!\x1b)\[(\x1b\[[0-9;]*m|[^]\x1b])*\]"
            return [re.sub(r" +", " ", re.sub("up .*average", "", re.sub(bar, "[]", line))).strip() for line in lines]

        def scene(screen):
            screen.wait_for("COMMAND")
            screen.wait_for("top")
            yield screen.picture()
            # Each key for itself: top drops the second of two that one read gives it, on any terminal.
            screen.type("z")
            if not wait_for(lambda: "\x1b[31mTasks" in screen.picture(), 20):
                raise AssertionError("no colours:\n" + screen.picture())
            screen.type("m")
            if not wait_for(lambda: re.search(r"MiB Swap.*\[.*\]", screen.text()), 20):
                raise AssertionError("no bars:\n" + screen.text())
            screen.pause(0.3)  # for the lines below
            yield screen.picture()
            screen.type("q")
            if not wait_for(screen.is_dead, 20):
                raise AssertionError("top does not end:\n" + screen.text())

        options = self.secret("TOKEN", f"CANARY-{harness.new_token()}")
        pictures = []
        for more in (["--no-masking"], []):
            with Screen(self.folder("masked" + "".join(more)), shlex.join([CONFIDE, "run", *more, *options, "--", "top", "-d", "1"])) as screen:
                pictures.append([normal(picture) for picture in scene(screen)])
        self.assertIn("Tasks", " ".join(pictures[0][0]))
        self.assertEqual(pictures[0], pictures[1])

    @need("tmux")
    def test_colours_moves_and_resizes(self):
        def scene(screen):
            screen.wait_for("drawn 90")
            yield screen.settled()
            for columns, rows in ((60, 20), (131, 40), (90, 26)):
                screen.resize(columns, rows)
                screen.wait_for(f"drawn {columns}")
                yield screen.settled()
            screen.type("C-c")
            wait_for(screen.is_dead, 20)

        self.play([harness.PYTHON, "-c", DRAWING], scene)

    @need("tmux", "vim")
    def test_a_secret_does_not_show(self):
        """The counterpart: in the same programs the value is not to be seen, and the rest of the screen is."""
        value = f"CANARY-{harness.new_token()}-{harness.new_token()}"
        command = ["sh", "-c", 'printf "before\\nkey = %s\\nbehind\\n" "$TOKEN" | exec vim -N -u NONE -i NONE -n -']
        with Screen(self.folder("screen"), shlex.join([CONFIDE, "run", *self.secret("TOKEN", value), "--", *command]), columns=130) as screen:
            screen.wait_for("behind")
            text = screen.text()
            self.assertNotIn(value[8:], text)
            self.assertIn("key = <concealed by confide: TOKEN>", text)
            screen.type(":qa!", "Enter")
            wait_for(screen.is_dead, 20)


if __name__ == "__main__":
    harness.main()
