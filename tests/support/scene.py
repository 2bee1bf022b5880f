"""The world that an attack finds: a project, secrets around it, a victim, listeners. All of it goes away again."""

import contextlib
import json
import os
import pty
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import threading

from support import probing


class Scene:
    """Paths and numbers that attacks refer to. `visible` is None where only root could have made it."""

    def __init__(self, caller, probe):
        self.caller = caller
        self.token = secrets.token_hex(6)
        self.canary = f"CANARY-{secrets.token_hex(16)}"
        self.needle = self.canary.encode().hex()
        self.comm = f"vic-{self.token[:8]}"
        self._probe_source = probe
        self._exit = contextlib.ExitStack()
        self.victim = None
        self.victim_process = None

    # ---- making it

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._exit = stack
            self._make_folders()
            self._make_files()
            self._make_visible()
            self._make_listeners()
            self._make_terminal()
            self._start_victim()
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._exit.close()

    def _folder(self, path, mode=0o755):
        os.makedirs(path)
        os.chmod(path, mode)
        self._exit.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def _file(self, path, text=None, mode=0o600):
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"{self.canary}\n" if text is None else text)
        os.chmod(path, mode)
        self.caller.own(path)
        self._exit.callback(lambda: os.path.lexists(path) and os.unlink(path))
        return path

    def _make_folders(self):
        # A home of the scene's own: nobody's real one is touched, and suites of one user may run at a time. Root's run
        # has another kernel uid, which could not even enter root's.
        parent = "/home" if os.geteuid() == 0 else self.caller.home
        self.base = self.home = self._folder(os.path.join(parent, f"confide-attacks-{self.token}"))
        self.project = self._folder(os.path.join(self.base, "project"))
        self.mount_point = self._folder(os.path.join(self.project, "mount-point"))
        self.private_folder = self._folder(os.path.join(self.project, "private"))
        os.makedirs(os.path.join(self.project, "bin"))
        self.probe = shutil.copy(self._probe_source, os.path.join(self.project, "bin", "confide-probe"))
        # What git looks for; no git is needed to make it.
        git = os.path.join(self.project, ".git")
        for name in ("objects", "refs/heads", "hooks"):
            os.makedirs(os.path.join(git, name))
        for name, text in (("HEAD", "ref: refs/heads/main\n"), ("config", "[core]\n\trepositoryformatversion = 0\n")):
            with open(os.path.join(git, name), "w", encoding="utf-8") as out:
                out.write(text)
        self.caller.own(self.base)

    def _make_files(self):
        self.secret_file = self._file(os.path.join(self.base, "secret.txt"))
        self.home_file = self._file(os.path.join(self.home, ".pgpass"))
        self.empty_file = self._file(os.path.join(self.base, "empty"), "")
        self.masked_file = self._file(os.path.join(self.project, ".env"))
        self.tmp_file = self._file(f"/tmp/confide-attacks-{self.token}")
        self.var_tmp_file = self._file(f"/var/tmp/confide-attacks-{self.token}")
        self.shm_file = self._file(f"/dev/shm/confide-attacks-{self.token}.txt")
        for name in (".ssh/id_ed25519", ".aws/credentials", ".cargo/credentials.toml", ".netrc", ".bash_history",
                     ".config/gh/hosts.yml", ".npmrc", ".docker/config.json", ".local/share/keyrings/login.keyring"):
            path = os.path.join(self.home, name)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            self._file(path)
        self.caller.own(self.home)
        self.fifo = os.path.join(self.base, "fifo")
        self._fifo(self.fifo)

    def _fifo(self, path):
        os.mkfifo(path, 0o600)
        os.chmod(path, 0o666)
        self.caller.own(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._exit.callback(os.close, reader)

    def _make_visible(self):
        """A system folder that every profile shows, with what must not work even so."""
        self.visible = self.other_home = None
        self.mount_point_outside = self.mount_point
        if os.geteuid() != 0:
            return
        self.visible = self._folder(f"/usr/local/lib/confide-attacks-{self.token}")
        self.visible_open_folder = self._folder(os.path.join(self.visible, "open"), 0o777)
        self.caller.own(self.visible_open_folder)
        self.visible_file = self._file(os.path.join(self.visible, "file"), "plain\n", 0o666)
        self.visible_fifo = os.path.join(self.visible, "fifo")
        self._fifo(self.visible_fifo)
        self.suid_program = shutil.copy(self._probe_source, os.path.join(self.visible, "suid"))
        os.chmod(self.suid_program, 0o4755)
        self.caps_program = shutil.copy(self._probe_source, os.path.join(self.visible, "caps"))
        os.chmod(self.caps_program, 0o755)
        self.has_setcap = shutil.which("setcap") is not None and subprocess.run(
            ["setcap", "cap_net_raw,cap_chown+ep", self.caps_program], check=False).returncode == 0
        self.visible_socket = self._listen_path(os.path.join(self.visible, "socket"))
        # Somebody else's home, as open as carelessness makes it.
        self.other_home = self._folder(f"/home/confide-other-{self.token}")
        self.other_file = os.path.join(self.other_home, "secret.txt")
        with open(self.other_file, "w", encoding="utf-8") as out:
            out.write(self.canary)
        os.chmod(self.other_file, 0o644)

    def _serve(self, listener):
        """Accepts and drops, so that connect() is answered, until the socket is closed."""
        self._exit.callback(listener.close)

        def accept():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                peer.close()

        threading.Thread(target=accept, daemon=True).start()
        self._exit.callback(self._shut, listener)
        return listener

    @staticmethod
    def _shut(listener):
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)

    def _listen_path(self, path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        os.chmod(path, 0o777)
        listener.listen()
        self._serve(listener)
        self._exit.callback(lambda: os.path.lexists(path) and os.unlink(path))
        return path

    def _make_listeners(self):
        self.home_socket = self._listen_path(os.path.join(self.base, "socket"))
        self.tmp_socket = self._listen_path(f"/tmp/confide-attacks-{self.token}.sock")
        self.run_socket = self._listen_path(f"/run/confide-attacks-{self.token}.sock") if os.geteuid() == 0 else None
        self.abstract = f"confide-attacks-{self.token}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"\0{self.abstract}")
        listener.listen()
        self._serve(listener)
        datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        datagrams.bind(f"\0{self.abstract}-dgram")
        self._exit.callback(datagrams.close)
        tcp = socket.create_server(("127.0.0.1", 0))
        self.tcp_port = tcp.getsockname()[1]
        self._serve(tcp)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        self.udp_port = udp.getsockname()[1]
        self._exit.callback(udp.close)
        threading.Thread(target=self._echo, args=(udp,), daemon=True).start()

    @staticmethod
    def _echo(udp):
        while True:
            try:
                data, peer = udp.recvfrom(64)
                if not data:
                    return
                udp.sendto(data, peer)
            except OSError:
                return

    def _make_terminal(self):
        """A terminal of outside whose number no fresh devpts has yet."""
        held = []
        while True:
            master, slave = pty.openpty()
            held += [master, slave]
            self._exit.callback(os.close, master)
            self._exit.callback(os.close, slave)
            self.terminal_path = os.ttyname(slave)
            if int(os.path.basename(self.terminal_path)) >= 3:
                break
        if os.geteuid() == 0:
            os.chown(self.terminal_path, self.caller.uid, self.caller.gid)
        self.terminal_slave = slave

    def _start_victim(self):
        self.sysv_key = str(0x43000000 + secrets.randbelow(0xFFFFFF))
        self.posix_name = f"/confide-attacks-{self.token}"
        self.victim_process = subprocess.Popen(
            [self.probe, "victim", "env=SECRET", f"comm={self.comm}", f"sysv={self.sysv_key}",
             f"posix={self.posix_name}"],
            env=self.environment(SECRET=self.canary), cwd=self.project, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True, **self.caller.identity())
        self._exit.callback(self._end_victim)
        line = self.victim_process.stdout.readline()
        if not line:
            raise SystemExit("the victim did not start")
        self.victim = json.loads(line)

    def _end_victim(self):
        self.victim_process.stdin.close()
        try:
            self.victim_process.wait(5)
        except subprocess.TimeoutExpired:
            self.victim_process.kill()
            self.victim_process.wait()
        self.victim_process.stdout.close()

    # ---- what attacks ask of it

    @property
    def pid(self):
        return str(self.victim["pid"])

    def environment(self, **more):
        return self.caller.environment(**{"HOME": self.home, **more})

    def around(self, **more):
        env = more.pop("env", {})
        values = {"cwd": self.project, "env": self.environment(**env), "identity": self.caller.identity(), **more}
        return probing.Surroundings(**values)

    def restore(self):
        """Puts the masked file back as it was, whatever an attack did to it."""
        with open(self.masked_file, "w", encoding="utf-8") as out:
            out.write(f"{self.canary}\n")
        self.caller.own(self.masked_file)
        for name in os.listdir(self.project):
            if name.startswith("core") or name.endswith(".probe") or name.startswith("marker-"):
                path = os.path.join(self.project, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    os.unlink(path)

    def masked_text(self):
        with contextlib.suppress(OSError), open(self.masked_file, encoding="utf-8") as text:
            return text.read()
        return None

    def block_device(self):
        """A disk that root may open; some machines keep even root from their own."""
        for name in sorted(os.listdir("/sys/block"), key=lambda name: (name.startswith(("loop", "zram", "ram")), name)):
            path = f"/dev/{name}"
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
                return path
        return "/dev/sda"

    def handle(self, path):
        made = subprocess.run([self.probe, "handle-of", path], check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def new_marker(self):
        return os.path.join(self.project, f"marker-{secrets.token_hex(4)}")

    def scratch_file(self, text=""):
        handle, path = tempfile.mkstemp(dir=self.base, prefix="stdin-")
        os.write(handle, text.encode())
        os.close(handle)
        self.caller.own(path)
        return path
