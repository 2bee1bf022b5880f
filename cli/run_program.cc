#include "cli/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/sys.h"

namespace confide::cli {
namespace {

constexpr size_t kMostBytes = 256U << 10;

[[noreturn]] void become(const std::vector<std::string>& argv, int output, int errors, Input input) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input == Input::kNothing && nothing >= 0) ::dup2(nothing, 0);
  ::dup2(output, 1);
  ::dup2(errors, 2);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(errno == ENOENT ? 127 : 126);
}

// True at its end.
bool take(int fd, std::string& into) {
  char bytes[4096];
  const ssize_t got = ::read(fd, bytes, sizeof bytes);
  if (got <= 0) return got == 0 || errno != EINTR;
  if (into.size() < kMostBytes) into.append(bytes, static_cast<size_t>(got));
  return false;
}

}  // namespace

Result<Finished> run_program(const std::vector<std::string>& argv, int timeout_ms, Input input) {
  auto output = TRY(sys::pipe());
  auto errors = TRY(sys::pipe());
  const pid_t pid = ::fork();
  if (pid < 0) return sys::errno_error("fork");
  if (pid == 0) become(argv, output.write.get(), errors.write.get(), input);
  output.write.reset();
  errors.write.reset();
  Finished finished;
  pollfd polled[] = {{output.read.get(), POLLIN, 0}, {errors.read.get(), POLLIN, 0}};
  const int64_t deadline = sys::monotonic_ms() + timeout_ms;
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    const int64_t left = deadline - sys::monotonic_ms();
    if (left <= 0) {
      finished.timed_out = true;
      break;
    }
    if (::poll(polled, 2, static_cast<int>(left)) <= 0) continue;
    if (polled[0].revents != 0 && take(polled[0].fd, finished.output)) polled[0].fd = -1;
    if (polled[1].revents != 0 && take(polled[1].fd, finished.errors)) polled[1].fd = -1;
  }
  if (finished.timed_out) (void)::kill(pid, SIGKILL);
  const int status = sys::waitpid(pid);
  finished.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return finished;
}

}  // namespace confide::cli
