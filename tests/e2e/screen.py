"""A real terminal emulator (tmux) that a test types into and looks at."""

import contextlib
import os
import subprocess
import time

from harness import environment, wait_for


class Screen:
    """A tmux server of its own with one pane that runs `command`."""

    def __init__(self, folder, command, columns=90, rows=26):
        self.socket = os.path.join(folder, "tmux")
        self.env = environment(TERM="xterm-256color", SHELL="/bin/sh", TMUX=None, TMUX_PANE=None)
        # The pane stays when its command has ended, so that its last screen can be seen.
        script = f"exec {command}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), script,
                  ";", "set-option", "-g", "remain-on-exit", "on", ";", "set-option", "-g", "status", "off",
                  ";", "set-option", "-g", "window-size", "manual", ";", "resize-window", "-x", str(columns), "-y", str(rows))

    def tmux(self, *words):
        ran = subprocess.run(["tmux", "-S", self.socket, *words], env=self.env, capture_output=True, timeout=60, check=False)
        if ran.returncode != 0:
            raise AssertionError(f"tmux {words}: {ran.stderr!r}")
        return ran.stdout.decode("utf-8", "replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(AssertionError):
            self.tmux("kill-server")

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def text(self):
        return self.tmux("capture-pane", "-p")

    def history(self):
        """All that the pane ever showed, lines that were broken in one piece."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-")

    def modes(self):
        return self.tmux("display-message", "-p", "alternate #{alternate_on} cursor #{cursor_flag} mouse #{mouse_any_flag}").strip()

    def pause(self, seconds):
        time.sleep(seconds)

    def picture(self):
        """Text, colours and attributes, and the cursor."""
        return self.tmux("capture-pane", "-p", "-e") + self.tmux("display-message", "-p", "cursor #{cursor_x},#{cursor_y} alternate #{alternate_on} #{pane_width}x#{pane_height}")

    def wait_for(self, words, seconds=15.0):
        if not wait_for(lambda: words in self.text(), seconds, 0.05):
            raise AssertionError(f"{words!r} did not appear:\n{self.text()}")

    def settled(self):
        """The picture, once it has been the same for 0.3 s."""
        pictures = [self.picture()]

        def same():
            pictures.append(self.picture())
            return len(pictures) >= 4 and len(set(pictures[-4:])) == 1

        if not wait_for(same, 20, 0.1):
            raise AssertionError(f"the screen does not come to rest:\n{pictures[-1]}")
        return pictures[-1]

    def is_dead(self):
        return self.tmux("display-message", "-p", "#{pane_dead}").strip() == "1"
