"""One client with a home, a project and canaries of its own, driven through a script."""

import contextlib
import dataclasses
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from judge import Judge  # noqa: E402
from model import Model, shell  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ACCOUNT_HOME = pwd.getpwuid(os.geteuid()).pw_dir
SECONDS = 100
SNAPSHOTS = ("home/.codex/shell_snapshots", "home/.claude/shell-snapshots")  # of a shell, with its variables


def _installed():
    """The folder of the pinned clients; None where they are not installed."""
    with open(os.path.join(HERE, "package.json"), "rb") as file:
        text = file.read()
    wanted = json.loads(text)["dependencies"]
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(ACCOUNT_HOME, ".cache")
    name = f"confide-tests/clients-{hashlib.sha256(text).hexdigest()[:12]}"
    for folder in (os.environ.get("CONFIDE_CLIENTS_DIR"), os.path.join(cache, name), os.path.join("/var/cache", name)):
        try:
            for name, version in wanted.items():
                with open(os.path.join(folder or "", "node_modules", name, "package.json"), encoding="utf-8") as file:
                    if json.load(file)["version"] != version:
                        break
            else:
                return os.path.join(folder, "node_modules")
        except OSError:
            continue
    return None


MODULES = _installed()
CLAUDE = MODULES and os.path.join(MODULES, "@anthropic-ai/claude-code-linux-x64/claude")
CODEX = MODULES and os.path.join(MODULES, "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex")
WHY_NOT = None if MODULES else "the clients are not installed: scripts/install-deps --clients"


@dataclasses.dataclass
class Outcome:
    code: int
    results: list  # what the model was told of each call, in order
    places: dict   # {where: names of canaries}
    errors: str

    def __str__(self):
        return f"exit {self.code}\n  results {self.results}\n  places {self.places}\n  stderr {self.errors[-2000:]}"


class Session:
    """Folders and canaries of one client; kept for several runs. Call close()."""

    # Codex makes no sandbox where its home is in a temporary folder.
    def __init__(self, variables=None):
        self.top = tempfile.mkdtemp(prefix="confide-clients.", dir=ACCOUNT_HOME)
        self.home, self.project, self.out = (os.path.join(self.top, name) for name in ("home", "project", "out"))
        for folder in (self.home, self.project, self.out, self.path("home/.ssh"), self.path("home/tmp"), self.path("home/bin")):
            os.makedirs(folder)
        self.canaries = {name: f"CANARY-{name}-{secrets.token_hex(8)}" for name in ("env", "dotenv", "ssh")}
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", self.project], check=True)
        self.write("project/.env", f"DOTENV_KEY={self.canaries['dotenv']}\n")
        self.write("project/.gitignore", ".env\n")
        self.write("home/.ssh/id_canary", self.canaries["ssh"] + "\n")
        self.variables = harness.environment(HOME=self.home, DB_PASSWORD=self.canaries["env"], **(variables or {}))
        self.judge = Judge(self.canaries)
        self.wrap = None  # or a list of options: the client runs in `confide agent`

    def close(self):
        shutil.rmtree(self.top, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def setup(self, *words):
        ran = harness.confide("setup", *words, env=self.variables, cwd=self.project)
        if ran.code != 0:
            raise AssertionError(ran)
        return ran

    def run(self, script, *arguments, cwd=None):
        seen = {}

        def look():  # while it runs: Codex removes its snapshots of the shell at the end
            seen.update({f"process {pid}": names for pid, names in self.judge.in_sandboxes().items()})
            for folder in SNAPSHOTS:
                seen.update({f"{folder}/{path}": names for path, names in self.judge.in_tree(self.path(folder)).items()})

        with Model(script, look) as model:
            process = subprocess.run(self._command(arguments, model, cwd), cwd=cwd or self.project, env=self.environment_for(model),
                                     stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
        places = {"requests": self.judge.in_bytes(b"".join(model.requests)), "events": self.judge.in_bytes(process.stdout),
                  "stderr": self.judge.in_bytes(process.stderr), **seen,
                  **self.judge.in_tree(self.top, leave_out=(self.path("home/.ssh/id_canary"), self.path("project/.env")))}
        return Outcome(process.returncode, self._results(model), {place: names for place, names in places.items() if names},
                       process.stderr.decode("utf-8", "replace"))

    def start(self, arguments, model):
        """The client as a process that goes on. Kill it and wait for it."""
        return subprocess.Popen(self._command(arguments, model, None), cwd=self.project, env=self.environment_for(model), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def _command(self, arguments, model, cwd):
        return self.wrapped(self.argv(arguments, model, cwd))

    def wrapped(self, argv):
        return argv if self.wrap is None else [harness.CONFIDE, "agent", "--read", MODULES, *self.wrap, "--", *argv]

    def environment_for(self, model):
        return {**self.variables, **self.client_variables(model)}


class Claude(Session):
    def argv(self, arguments, model, cwd):
        self.trust_the_project()
        return [CLAUDE, "-p", "Do what the script says.", "--output-format", "stream-json", "--verbose", *arguments]

    def trust_the_project(self):
        self.write("home/.claude/.claude.json", json.dumps({"hasCompletedOnboarding": True, "customApiKeyResponses": {"approved": ["none"], "rejected": []},
                                                                "projects": {self.project: {"hasTrustDialogAccepted": True}}}))

    def settings_for_the_terminal(self):
        self.settings = {"permissions": {"allow": ["Bash"]}}

    def on_a_terminal(self, _):
        self.trust_the_project()
        return [CLAUDE, "--permission-mode", "default"]

    def client_variables(self, model):
        return {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{model.port}", "ANTHROPIC_API_KEY": "none", "CLAUDE_CONFIG_DIR": self.path("home/.claude"),
                "CLAUDE_CODE_TMPDIR": self.path("home/tmp"), "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
                "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1", "TERM": "dumb"}

    def _results(self, model):
        return _claude_results(model)

    def setup(self, *words):
        self.variables["CLAUDE_CONFIG_DIR"] = self.path("home/.claude")
        return super().setup("claude", *words)

    @property
    def settings(self):
        return json.loads(self.read("home/.claude/settings.json"))

    @settings.setter
    def settings(self, value):
        self.write("home/.claude/settings.json", json.dumps(value, indent=2) + "\n")


class Codex(Session):
    dialect = "mock-model"

    def close(self):
        # With a path denied, Codex reads files by a helper in a sandbox of its own, and now and then leaves that behind.
        for pid in set(harness.processes_with("--codex-run-as-fs-helper")) & set(harness.processes_with(self.top)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        super().close()

    def run(self, script, *arguments, model="mock-model", cwd=None):
        self.dialect = model
        return super().run(script, *arguments, cwd=cwd)

    def argv(self, arguments, model, cwd):
        return [CODEX, *self.settings(model), "exec", "--json", "--skip-git-repo-check", "-C", cwd or self.project, *arguments,
                "Do what the script says."]

    def settings_for_the_terminal(self):
        self.write("home/.codex/config.toml", f'[projects."{self.project}"]\ntrust_level = "trusted"\n')

    def on_a_terminal(self, model):
        return [CODEX, *self.settings(model), "--dangerously-bypass-approvals-and-sandbox"]

    def client_variables(self, _):
        return {"CODEX_HOME": self.path("home/.codex"), "MOCK_API_KEY": "none"}

    def wrapped(self, argv):
        return super().wrapped(argv) if self.wrap is None else [*super().wrapped([])[:-1], "--pass", "MOCK_API_KEY", "--", *argv]

    def _results(self, model):
        return _codex_results(model)

    def setup(self, *words):
        self.variables["CODEX_HOME"] = self.path("home/.codex")
        self.variables["PATH"] = os.path.dirname(CODEX) + ":" + self.variables["PATH"]
        os.makedirs(self.path("home/.codex"), exist_ok=True)
        return super().setup("codex", *words)

    def settings(self, model):
        """On the command line, so that config.toml stays as setup left it."""
        provider = {"name": "mock", "base_url": f"http://127.0.0.1:{model.port}/v1", "wire_api": "responses", "env_key": "MOCK_API_KEY",
                    "request_max_retries": 0, "stream_max_retries": 0}
        settings = {"model": self.dialect, "model_provider": "mock", "check_for_update_on_startup": False, "analytics.enabled": False,
                    **{f"model_providers.mock.{key}": value for key, value in provider.items()}}
        return [word for key, value in settings.items() for word in ("-c", f"{key}={json.dumps(value)}")]


def programs_in_the_project(client):
    """confide where a confined command finds it, as it would where it is installed. Its path."""
    os.makedirs(client.path("project/tools"))
    for name in ("confide", "confide-probe"):
        shutil.copy(os.path.join(harness.BIN, name), client.path("project/tools"))
    return client.path("project/tools/confide")


def commit(client):
    """Something that a worktree can be made from."""
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "one"], cwd=client.project, check=True)


def kill_in_the_middle(client, arguments=(), **more):
    """Kills the client while a command of its runs; what then becomes of the command, in words. Nothing is left of it."""
    token = str(10**7 + int(harness.new_token()[:6], 16))

    def running():
        return [pid for pid, (_, _, _, cmdline) in harness.processes().items() if cmdline == f"sleep\0{token}\0".encode()]

    with Model([shell(f"sh -c 'sleep {token}; true'", **more)]) as model:
        process = client.start(arguments, model)
        if not harness.wait_for(running):
            raise AssertionError("the command did not start")
        process.kill()
        process.wait()
        gone = harness.wait_for(lambda: not harness.processes_with(token), 2)
        own = os.readlink("/proc/self/ns/pid")
        confined = all(os.readlink(f"/proc/{pid}/ns/pid") != own for pid in running())
        found = client.judge.in_sandboxes()
        for pid in harness.processes_with(token):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if found:
        raise AssertionError(f"in sandboxes: {found}")
    return "ends" if gone else "goes on confined" if confined else "goes on"


def _claude_results(model):
    """What each call came to, from the last request of the conversation."""
    results = {}
    for raw in model.requests:
        for message in json.loads(raw).get("messages", []):
            for block in message["content"] if isinstance(message["content"], list) else []:
                if block.get("type") == "tool_result":
                    content = block.get("content", "")
                    results[block["tool_use_id"]] = content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)
    return list(results.values())


def _codex_results(model):
    results = {}
    for raw in model.requests:
        for item in json.loads(raw).get("input", []):
            if str(item.get("type", "")).endswith("_output") and "call_id" in item:
                output = item.get("output")
                results[item["call_id"]] = output if isinstance(output, str) else "\n".join(part.get("text", "") for part in output or [])
    return [results[key] for key in sorted(results, key=lambda call: int(call.rpartition("_")[2]))]
