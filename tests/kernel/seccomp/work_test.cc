// What must go on working under the shipped filters: the launcher's own calls and real programs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/kernel/seccomp/attached.h"

namespace confide::seccomp {
namespace {

class Work : public testing::TestWithParam<Profile> {};
INSTANTIATE_TEST_SUITE_P(Seccomp, Work, testing::ValuesIn(kAllProfiles),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

// Ends the child with the line of the call that failed.
#define NEED(condition) \
  if (!(condition)) return __LINE__

int terminal_and_jobs() {
  int main_side = -1;
  int side = -1;
  NEED(openpty(&main_side, &side, nullptr, nullptr, nullptr) == 0);
  NEED(setsid() != -1);
  NEED(ioctl(side, TIOCSCTTY, 0) == 0);
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  NEED(ioctl(main_side, TIOCSWINSZ, &size) == 0);
  const pid_t job = fork();
  if (job == 0) {
    for (;;) pause();
  }
  NEED(job > 0 && setpgid(job, job) == 0);
  NEED(ioctl(side, TIOCSPGRP, &job) == 0);
  NEED(kill(-job, SIGKILL) == 0);
  siginfo_t info{};
  NEED(waitid(P_PID, static_cast<id_t>(job), &info, WEXITED) == 0 && info.si_status == SIGKILL);
  return 0;
}

int descriptors_over_a_socket() {
  int pair[2];
  NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  char byte = 'x';
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &pair[0], sizeof(int));
  NEED(sendmsg(pair[0], &message, 0) == 1);
  pollfd ready{.fd = pair[1], .events = POLLIN, .revents = 0};
  NEED(poll(&ready, 1, 1000) == 1);
  NEED(recvmsg(pair[1], &message, 0) == 1);
  NEED(dup3(pair[1], 200, O_CLOEXEC) == 200);
  NEED(close_range(3, ~0U, 0) == 0);
  NEED(fcntl(200, F_GETFD) == -1);
  return 0;
}

int limits_and_memory() {
  umask(077);
  NEED(chdir("/") == 0);
  NEED(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
  const rlimit none{0, 0};
  NEED(prlimit(0, RLIMIT_CORE, &none, nullptr) == 0);
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  NEED(memory != MAP_FAILED && munmap(memory, 4096) == 0);
  NEED(memfd_create("x", MFD_ALLOW_SEALING | MFD_CLOEXEC) != -1);
  NEED(personality(0xffffffff) != -1 && personality(ADDR_NO_RANDOMIZE) != -1);
  return 0;
}

// CLONE_VM | CLONE_VFORK, then execveat of a descriptor.
int spawns() {
  pid_t child = 0;
  char name[] = "true";
  char* argv[] = {name, nullptr};
  NEED(posix_spawnp(&child, "true", nullptr, nullptr, argv, environ) == 0);
  int status = -1;
  NEED(waitpid(child, &status, 0) == child && status == 0);
  const int program = open("/bin/true", O_PATH | O_CLOEXEC);
  NEED(program != -1);
  char* none[] = {nullptr};
  syscall(SYS_execveat, program, "", argv, none, AT_EMPTY_PATH);
  return __LINE__;
}

TEST_P(Work, TheLaunchersCallsPass) {
  EXPECT_EQ(ending_of(GetParam(), terminal_and_jobs), Ending{});
  EXPECT_EQ(ending_of(GetParam(), descriptors_over_a_socket), Ending{});
  EXPECT_EQ(ending_of(GetParam(), limits_and_memory), Ending{});
  EXPECT_EQ(ending_of(GetParam(), spawns), Ending{});
}

struct Command {
  enum class Need { kAlways, kIfInstalled } need;
  std::vector<const char*> argv;
};

bool installed(const char* name) {
  std::string path = std::getenv("PATH") != nullptr ? std::getenv("PATH") : "/usr/bin:/bin";
  path += ':';
  for (size_t begin = 0, end = 0; (end = path.find(':', begin)) != std::string::npos; begin = end + 1)
    if (access((path.substr(begin, end - begin) + "/" + name).c_str(), X_OK) == 0) return true;
  return false;
}

constexpr const char* kPython =
    "import os, socket, subprocess, threading, multiprocessing, asyncio, mmap, select, tempfile\n"
    "t = threading.Thread(target=lambda: None); t.start(); t.join()\n"
    "subprocess.run(['true'], check=True)\n"
    "subprocess.run(['true'], check=True, close_fds=False, start_new_session=True)\n"
    "p = multiprocessing.get_context('fork').Process(target=lambda: None); p.start(); p.join(); assert p.exitcode == "
    "0\n"
    "asyncio.run(asyncio.sleep(0))\n"
    "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); socket.create_connection(s.getsockname())\n"
    "socket.getaddrinfo('localhost', 80); socket.if_nameindex()\n"
    "d = tempfile.mkdtemp(); os.mkfifo(d + '/f'); os.symlink('f', d + '/l'); os.unlink(d + '/f'); os.unlink(d + '/l'); "
    "os.rmdir(d)\n";
constexpr const char* kNode =
    "const {execFileSync} = require('child_process'); execFileSync('true');"
    "const {Worker} = require('worker_threads'); new Worker('1', {eval: true});"
    "require('net').createServer().listen(0, '127.0.0.1', function () { this.close(); });"
    "require('fs').promises.readFile('/etc/passwd').then(() => {}, () => process.exit(1));";
constexpr const char* kCompile =
    "set -e; command -v gcc >/dev/null || exit 0; d=$(mktemp -d); trap 'rm -rf \"$d\"' EXIT; echo 'int main(void) { "
    "return 0; }' >\"$d/a.c\";"
    "gcc -o \"$d/a\" \"$d/a.c\"; \"$d/a\"";
constexpr const char* kCommit =
    "set -e; command -v git >/dev/null || exit 0; d=$(mktemp -d); trap 'rm -rf \"$d\"' EXIT; cd \"$d\"; git init -q .; "
    "echo x >x; git add x;"
    "git -c user.name=a -c user.email=a@b commit -qm x; git log >/dev/null; git gc -q";

const Command kCommands[] = {
    {Command::Need::kAlways, {"ls", "-la", "/"}},
    {Command::Need::kAlways,
     {"bash", "-c", "set -e; (exit 0) & wait; x=$(ls / | sort | head -1); [[ -n $x ]]; cat <(echo a)"}},
    {Command::Need::kAlways, {"python3", "-c", kPython}},
    {Command::Need::kIfInstalled, {"gcc", "--version"}},
    {Command::Need::kAlways, {"bash", "-c", kCompile}},
    {Command::Need::kIfInstalled, {"git", "--version"}},
    {Command::Need::kAlways, {"bash", "-c", kCommit}},
    {Command::Need::kIfInstalled, {"node", "-e", kNode}},
    {Command::Need::kIfInstalled, {"npm", "--version"}},
    {Command::Need::kIfInstalled, {"java", "-version"}},
    {Command::Need::kIfInstalled, {"go", "version"}},
    {Command::Need::kIfInstalled, {"cmake", "--version"}},
    {Command::Need::kIfInstalled, {"ninja", "--version"}},
    {Command::Need::kIfInstalled, {"make", "--version"}},
    {Command::Need::kIfInstalled, {"psql", "--version"}},
    {Command::Need::kIfInstalled, {"curl", "--version"}},
    {Command::Need::kIfInstalled, {"sqlite3", ":memory:", "select 1"}},
    {Command::Need::kIfInstalled, {"perl", "-e", "fork; exit 0"}},
};

TEST_P(Work, RealProgramsRun) {
  for (Command command : kCommands) {
    if (command.need == Command::Need::kIfInstalled && !installed(command.argv[0])) continue;
    command.argv.push_back(nullptr);
    // A program that does not even run without a filter (a shim of another user's, say) tells nothing.
    const Ending without = run_command(std::nullopt, command.argv.data());
    if (command.need == Command::Need::kIfInstalled && without != Ending{}) continue;
    EXPECT_EQ(without, Ending{}) << command.argv[0];
    EXPECT_EQ(run_command(GetParam(), command.argv.data()), Ending{}) << command.argv[0];
  }
}

// What profile `agent` is for, and `tool` is not.
TEST(InnerSandbox, BubblewrapStartsInAgentOnly) {
  if (!installed("bwrap")) GTEST_SKIP() << "bubblewrap is not installed";
  const std::vector<const char*> argv{"bwrap", "--unshare-all", "--ro-bind", "/",    "/",    "--proc", "/proc",
                                      "--dev", "/dev",          "--tmpfs",   "/tmp", "true", nullptr};
  const Ending without = run_command(std::nullopt, argv.data());
  if (without != Ending{}) GTEST_SKIP() << "bubblewrap does not work here without a filter either";
  EXPECT_EQ(run_command(Profile::kAgent, argv.data()), Ending{});
  EXPECT_NE(run_command(Profile::kTool, argv.data()), Ending{});
}

}  // namespace
}  // namespace confide::seccomp
