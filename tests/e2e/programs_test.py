"""Real programs, unchanged, in profile tool: what people build with every day."""

import json
import os
import pwd
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import harness
from harness import need, run


class Case(harness.Case):
    def works(self, *command, options=(), limit=180, **more):
        ran = run(*command, options=options, limit=limit, **more)
        self.assert_code(ran, 0)
        return ran

    def sh(self, script, **more):
        return self.works("bash", "-euc", script, **more)

    def assert_owned_by_caller(self):
        """What was made inside lands as the project's owner has it outside."""
        owner = os.stat(self.project)
        for folder, folders, names in os.walk(self.project):
            for name in folders + names:
                found = os.lstat(os.path.join(folder, name))
                self.assertEqual((found.st_uid, found.st_gid), (owner.st_uid, owner.st_gid), os.path.join(folder, name))


GIT = "git -c user.name=Somebody -c user.email=somebody@example.invalid"


class Git(Case):
    @need("git")
    def test_a_whole_day(self):
        self.sh(f"""
git init -q -b main .
echo one > file; mkdir -p sub; echo two > sub/other
git add . && {GIT} commit -qm 'the first'
git checkout -qb side && echo three >> file && {GIT} commit -qam 'the second'
git checkout -q main && echo four > third && git add third && {GIT} commit -qm 'the third'
{GIT} merge -q side -m merged
git mv sub/other sub/renamed && {GIT} commit -qm renamed
git stash list; {GIT} tag -a v1 -m v1; git branch -d side
echo changed >> file && {GIT} stash -q && {GIT} stash pop -q
git gc -q; git fsck --no-progress
""")
        ran = self.works("git", "status", "--porcelain")
        self.assertEqual(ran.text, " M file\n", ran)
        ran = self.works("git", "log", "--oneline")
        self.assertEqual(len(ran.text.splitlines()), 5, ran)
        self.assert_owned_by_caller()

    @need("git")
    def test_a_repository_of_outside(self):
        """A repository that was made outside: no foreign owner, and git outside likes what was done inside."""
        shutil.rmtree(".git")
        outside = {"env": harness.environment(), "check": True, "capture_output": True}
        subprocess.run(["git", "init", "-q", "-b", "main", "."], **outside)
        self.file("project/file", "one\n")
        subprocess.run(["git", "add", "file"], **outside)
        subprocess.run([*GIT.split(), "commit", "-qm", "outside"], **outside)
        self.sh(f"test -z \"$(git status --porcelain)\"; echo two >> file; {GIT} commit -qam inside; git worktree add -q wt; git worktree remove wt")
        log = subprocess.run(["git", "log", "--format=%s"], **outside).stdout
        self.assertEqual(log.split(), [b"inside", b"outside"])
        self.assertEqual(subprocess.run(["git", "status", "--porcelain"], **outside).stdout, b"")

    @need("git")
    def test_from_a_subfolder(self):
        os.makedirs("deep/er")
        self.sh("git init -q .")
        os.chdir("deep/er")
        self.sh("echo x > file; git add file; git status --porcelain | grep -q 'A  deep/er/file'; git rev-parse --show-toplevel")


class Building(Case):
    SOURCE = """
#include <stdio.h>
#include <pthread.h>
#include "greet.h"
static void *work(void *p) { return p; }
int main(void) { pthread_t t; pthread_create(&t, 0, work, 0); pthread_join(t, 0); printf("%s\\n", greeting()); return 0; }
"""

    def setUp(self):
        super().setUp()
        self.file("project/main.c", self.SOURCE)
        self.file("project/greet.h", "const char *greeting(void);\n")
        self.file("project/greet.c", '#include "greet.h"\nconst char *greeting(void) { return "hello from inside"; }\n')

    @need("gcc")
    def test_gcc(self):
        self.sh("gcc -O2 -g -Wall -Werror -pipe main.c greet.c -o hello -pthread; gcc -O2 -save-temps -c greet.c; ar rcs libgreet.a greet.o; "
                "gcc -static main.c -L. -lgreet -o static -pthread; gcc -shared -fPIC greet.c -o libg.so")
        self.assertEqual(self.works("./hello").text, "hello from inside\n")
        self.assertEqual(self.works("./static").text, "hello from inside\n")
        self.assert_owned_by_caller()

    @need("g++")
    def test_gxx_in_parallel(self):
        self.file("project/a.cc", "#include <iostream>\n#include <thread>\nint main() { std::thread t([]{ std::cout << \"ok\" << std::endl; }); t.join(); }\n")
        self.assertEqual(self.sh("g++ -O1 -flto=auto a.cc -o a -pthread && ./a").text, "ok\n")

    @need("cmake", "ninja", "gcc")
    def test_cmake_and_ninja(self):
        self.file("project/CMakeLists.txt", """cmake_minimum_required(VERSION 3.20)
project(hello C)
find_package(Threads REQUIRED)
add_library(greet greet.c)
add_executable(hello main.c)
target_link_libraries(hello greet Threads::Threads)
enable_testing()
add_test(NAME greets COMMAND hello)
""")
        ran = self.sh("cmake -G Ninja -S . -B build > log 2>&1 || { cat log >&2; exit 1; }; cmake --build build > log; ctest --test-dir build --output-on-failure; "
                      "ninja -C build | grep -q 'no work to do'")
        self.assertIn("100% tests passed", ran.text, ran)
        self.assert_owned_by_caller()

    @need("make", "gcc")
    def test_make_in_parallel(self):
        names = [f"part{number}" for number in range(20)]
        for name in names:
            self.file(f"project/{name}.c", f"int {name}(void) {{ return 1; }}\n")
        self.file("project/Makefile", "OBJECTS = " + " ".join(f"{name}.o" for name in names) + " main.o greet.o\nhello: $(OBJECTS)\n\t$(CC) -o $@ $^ -pthread\nclean:\n\trm -f *.o hello\n")
        self.sh("make -sj8 && ./hello && make -s clean && make -sj --output-sync && ./hello")

    @need("gcc")
    def test_what_was_built_outside_runs(self):
        subprocess.run(["gcc", "main.c", "greet.c", "-o", "hello", "-pthread"], check=True, env=harness.environment())
        self.assertEqual(self.works("./hello").text, "hello from inside\n")


class Languages(Case):
    def test_python(self):
        self.file("project/work.py", """
import asyncio, ctypes, hashlib, json, mmap, multiprocessing, os, pathlib, queue, random, select, shutil, signal, socket, sqlite3, subprocess, sys, tempfile
import threading, time, urllib.parse, uuid, zlib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def square(n): return n * n

if __name__ == "__main__":
    assert subprocess.check_output(["sh", "-c", "echo sub"]) == b"sub\\n"
    assert subprocess.run("cat", shell=True, input=b"x", stdout=subprocess.PIPE).stdout == b"x"
    threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(20)]
    [t.start() for t in threads]; [t.join() for t in threads]
    base = sqlite3.connect("data.db"); base.execute("pragma journal_mode=wal"); base.execute("create table t(a)")
    base.executemany("insert into t values(?)", [(n,) for n in range(1000)]); base.commit()
    assert base.execute("select sum(a) from t").fetchone()[0] == 499500; base.close()
    with ProcessPoolExecutor(4) as pool: assert list(pool.map(square, range(10))) == [n * n for n in range(10)]
    with ThreadPoolExecutor(4) as pool: assert sum(pool.map(square, range(10))) == 285
    with multiprocessing.Manager() as manager: assert manager.dict(a=1)["a"] == 1
    lock = multiprocessing.Lock(); lock.acquire(); lock.release()
    from multiprocessing import shared_memory; block = shared_memory.SharedMemory(create=True, size=100); block.close(); block.unlink()
    async def main():
        process = await asyncio.create_subprocess_exec("echo", "async", stdout=asyncio.subprocess.PIPE)
        assert (await process.communicate())[0] == b"async\\n"
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()); assert await reader.read() == b""; writer.close(); server.close()
    asyncio.run(main())
    with tempfile.TemporaryDirectory() as folder: pathlib.Path(folder, "f").write_text("x"); os.symlink("f", folder + "/l"); os.link(folder + "/f", folder + "/h")
    with tempfile.NamedTemporaryFile() as file: file.truncate(4096); mmap.mmap(file.fileno(), 4096)[0]
    a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
    server = socket.socket(socket.AF_UNIX); server.bind("/tmp/sock"); server.listen()
    assert os.path.expanduser("~").startswith("/"); assert pathlib.Path.home().exists()
    import pwd, grp; pwd.getpwuid(os.getuid()); grp.getgrgid(os.getgid())
    assert len(os.sched_getaffinity(0)) > 0; os.cpu_count(); os.getloadavg() if os.path.exists("/proc/loadavg") else None
    time.strftime("%Z"); random.SystemRandom().random(); uuid.uuid4()
    print("all of it")
""")
        self.assertEqual(self.works(harness.PYTHON, "work.py").text, "all of it\n")
        self.assert_owned_by_caller()

    def test_python_venv(self):
        self.sh(f"{harness.PYTHON} -m venv --without-pip venv && venv/bin/python -c 'import sys; assert sys.prefix != sys.base_prefix; print(sys.prefix)'")

    @need("perl")
    def test_perl(self):
        self.assertEqual(self.works("perl", "-MPOSIX", "-MFile::Temp=tempfile", "-e", 'my ($f, $n) = tempfile(); print $f "x"; close $f; print `echo shell`, -s $n, "\\n"').text,
                         "shell\n1\n")

    @need("node")
    def test_node(self):
        self.file("project/work.js", """
const os = require('os'), fs = require('fs'), cp = require('child_process'), net = require('net'), { Worker } = require('worker_threads'), crypto = require('crypto');
os.userInfo().username; os.cpus(); os.networkInterfaces(); os.hostname(); crypto.randomBytes(8);
fs.writeFileSync('made.txt', 'x'); fs.watch('.').close();
if (cp.execSync('echo sub').toString() !== 'sub\\n') throw 1;
const worker = new Worker("require('worker_threads').parentPort.postMessage(6 * 7)", { eval: true });
worker.on('message', answer => {
  const server = net.createServer(s => s.end('hi')).listen(0, '127.0.0.1', () => {
    net.connect(server.address().port, '127.0.0.1').on('data', d => { console.log(String(d), answer); server.close(); });
  });
});
""")
        self.assertEqual(self.works("node", "work.js").text, "hi 42\n")
        self.assert_owned_by_caller()

    @need("npm", "node")
    def test_npm_test(self):
        self.file("project/package.json", json.dumps({"name": "sample", "version": "1.0.0", "scripts": {"test": "node --test test.js", "build": "node -e \"require('fs').writeFileSync('out','x')\""}}))
        self.file("project/test.js", "const test = require('node:test'); const assert = require('assert'); test('adds', () => assert.strictEqual(1 + 1, 2));\n")
        ran = self.works("npm", "test")
        self.assertRegex(ran.text, r"pass 1\b")
        self.works("npm", "run", "--silent", "build")
        self.file("project/test.js", "require('node:test')('fails', () => { throw new Error('as it should'); });\n")
        self.assertNotEqual(run("npm", "test", limit=120).code, 0)
        self.assert_owned_by_caller()

    @need("cargo", "rustc")
    def test_cargo(self):
        os.makedirs("src")
        self.file("project/Cargo.toml", '[package]\nname = "sample"\nversion = "0.1.0"\nedition = "2021"\n')
        self.file("project/src/main.rs", 'fn main() { println!("{}", std::thread::spawn(|| "from a thread").join().unwrap()); }\n#[test]\nfn adds() { assert_eq!(1 + 1, 2); }\n')
        self.works("cargo", "build", "--offline", "--quiet")
        self.assertEqual(self.works("./target/debug/sample").text, "from a thread\n")
        self.assertIn("1 passed", self.works("cargo", "test", "--offline", "--quiet").text)
        self.assert_owned_by_caller()

    @need("psql")
    def test_psql(self):
        self.assertIn("PostgreSQL", self.works("psql", "--version").text)

    def test_everyday_tools(self):
        self.file("project/text", "b\na\nc\n")
        self.sh("sort text | uniq -c | awk '{s+=$1} END {print s}'; sed -i 's/a/x/' text; grep -rn x .; find . -name text -newer .git; tar czf t.tgz text; tar tzf t.tgz; "
                "gzip -k text; xargs -n1 echo <text; diff text text; date; whoami; id -un; hostname; uname -a; df . ; du -s .; mktemp; ps -ef; env; nproc; "
                "install -m 755 text prog; cp -a text copy; touch -d yesterday copy; chmod 600 copy; ln -s text link; mkfifo pipe; stat copy; timeout 1 sleep 0.01; "
                "nice true; nohup true; seq 3 | tee three; dd if=/dev/zero of=zeros bs=1k count=4 status=none; wc -c zeros; flock lock true; getconf PAGESIZE; locale")
        self.assert_owned_by_caller()

    def test_whoami_and_home(self):
        ran = self.sh('test "$(stat -c %u .)" = "$(id -u)"; whoami; cd; pwd; echo made > file; cat file')
        if not harness.AS_ROOT:
            self.assertEqual(ran.text.splitlines()[0], pwd.getpwuid(os.geteuid()).pw_name, ran)


class Hello(BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        body = b"hello over loopback\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Network(Case):
    def setUp(self):
        super().setUp()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"

    @need("curl")
    def test_with_the_hosts(self):
        self.assertEqual(self.works("curl", "-sS", self.url, options=["--network", "host"]).text, "hello over loopback\n")

    @need("curl")
    def test_without(self):
        ran = run("curl", "-sS", "--max-time", "10", self.url)
        self.assert_code(ran, 7)
        self.assertNotIn("hello", ran.text)

    @need("curl")
    def test_a_server_of_ones_own(self):
        """Loopback is up: tests that start a server and talk to it work without the host's network."""
        self.sh(f"{harness.PYTHON} -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 & for i in $(seq 100); do curl -s http://127.0.0.1:8123/ -o page && break; sleep 0.1; done; test -s page; kill $!")


class OtherPeoplesFiles(Case):
    def test_the_projects_owner(self):
        """Root's run in somebody's project: what it makes is theirs."""
        if not harness.AS_ROOT:
            owner = os.geteuid()
        else:
            owner = pwd.getpwnam("nobody").pw_uid
            for path in (self.project, os.path.join(self.project, ".git")):
                os.chown(path, owner, os.stat(path).st_gid)
        self.sh("mkdir -p made/deep; echo x > made/deep/file; ln -s file made/deep/link; install -m 755 /bin/true made/prog; mkfifo made/fifo")
        for folder, folders, names in os.walk("made"):
            for name in folders + names:
                self.assertEqual(os.lstat(os.path.join(folder, name)).st_uid, owner, name)

    def test_outside_the_project_nothing_is_written(self):
        outside = self.folder("outside")
        os.chmod(outside, 0o777)
        for path in (outside, "/var/tmp", "/usr/local", "/etc", "/opt", os.path.expanduser("~"), "/dev/shm", "/tmp"):
            name = f"{path}/confide-{harness.new_token()}"
            run("sh", "-c", f"echo x > {name}")
            self.assertFalse(os.path.lexists(name), f"{name} was made outside the sandbox")


if __name__ == "__main__":
    harness.main()
