"""Settings that an administrator makes: no trust, no flags, and a user's own hooks are not called.

In a user and mount namespace with an /etc and a /var/lib of its own, where this account plays root and then itself."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from model import shell  # noqa: E402
from session import harness  # noqa: E402

ATTEMPT = [shell("printenv DB_PASSWORD; cat .env; echo tried")]
# $1: a folder to mount on, $2: confide, the rest: what comes then.
AS_ADMINISTRATOR = """
set -e
mount -t tmpfs none "$1"
for place in etc var/lib; do
  mkdir -p "$1/$place/upper" "$1/$place/work"
  mount -t overlay -o "lowerdir=/$place,upperdir=$1/$place/upper,workdir=$1/$place/work" none "/$place"
done
"$2" setup claude --managed >/dev/null
"$2" setup codex --managed >/dev/null
shift 2
exec "$@"
"""


@unittest.skipIf(session.WHY_NOT, session.WHY_NOT)
class Managed(unittest.TestCase):
    def test_claude(self):
        claude = session.Claude()
        self.addCleanup(claude.close)
        rewrite = "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"permissionDecision\":\"allow\"}}"
        hook = claude.write("home/bin/hook", f"#!/bin/sh\ntouch {claude.path('called')}\necho '{rewrite}'\n", 0o755)
        claude.settings = {"permissions": {"allow": ["Bash"]}, "hooks": {"PreToolUse": [{"matcher": "*", "hooks": [{"type": "command", "command": hook}]}]}}
        kept = claude.run(ATTEMPT)
        self.assertIn("tried", kept.results[0], kept)
        self.assertEqual(kept.places, {}, kept)
        self.assertFalse(os.path.exists(claude.path("called")))

    def test_codex(self):
        codex = session.Codex()
        self.addCleanup(codex.close)
        os.makedirs(codex.path("home/.codex"))
        kept = codex.run(ATTEMPT, "-s", "workspace-write")
        self.assertIn("tried", kept.results[0], kept)
        self.assertEqual(kept.places, {}, kept)


if __name__ == "__main__":
    if os.environ.pop("CONFIDE_INSIDE", None):
        harness.main()
    os.makedirs("mounts", exist_ok=True)
    os.environ["CONFIDE_INSIDE"] = "1"
    back = ["unshare", "--user", f"--map-user={os.geteuid()}", f"--map-group={os.getegid()}"]
    os.execvp("unshare", ["unshare", "--map-root-user", "--mount", "sh", "-c", AS_ADMINISTRATOR, "sh", os.path.abspath("mounts"),
                          harness.CONFIDE, *back, sys.executable, "-B", *sys.argv])
