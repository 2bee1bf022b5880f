#include "supervisor/unconfined.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/child/delivery_block.h"

namespace confide::supervisor {
namespace {

using child::DeliveryEntry;
using child::DeliveryHeader;
using child::DeliveryKind;

// The environment as pointers into the sealed block: no copy of a value is made.
class Environment {
 public:
  static Result<Environment> map(int block) {
    struct stat about {};
    if (::fstat(block, &about) != 0) return sys::errno_error("fstat of a delivery");
    const auto size = static_cast<size_t>(about.st_size);
    if (size < sizeof(DeliveryHeader) || size > child::kMaxDeliveryBlock) return damaged();
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, block, 0);
    if (address == MAP_FAILED) return sys::errno_error("mmap of a delivery");
    Environment environment(static_cast<char*>(address), size);
    TRY(environment.read());
    return environment;
  }
  Environment(Environment&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)),
        size_(other.size_),
        variables_(std::move(other.variables_)),
        reads_stdin_(other.reads_stdin_) {}
  Environment& operator=(Environment&&) = delete;
  ~Environment() {
    if (base_ != nullptr) ::munmap(base_, size_);
  }
  char** variables() { return variables_.data(); }
  bool reads_stdin() const { return reads_stdin_; }

 private:
  Environment(char* base, size_t size) : base_(base), size_(size) {}
  static Error damaged() { return {ErrorKind::kInternal, 0, "a delivery block is damaged"}; }

  Status read() {
    const auto* header = reinterpret_cast<const DeliveryHeader*>(base_);
    const size_t room = (size_ - sizeof *header) / sizeof(DeliveryEntry);
    if (header->magic != child::kDeliveryMagic || header->total_size != size_ || header->count > room ||
        header->count > child::kMaxEntries) {
      return damaged();
    }
    const auto* entries = reinterpret_cast<const DeliveryEntry*>(base_ + sizeof *header);
    for (uint32_t i = 0; i < header->count; ++i) {
      const DeliveryEntry& entry = entries[i];
      if (entry.kind == DeliveryKind::kStdin) reads_stdin_ = true;
      if (entry.kind != DeliveryKind::kEnv) continue;
      if (entry.bytes_at > size_ || entry.bytes_size > size_ - entry.bytes_at || entry.bytes_size == 0)
        return damaged();
      if (base_[entry.bytes_at + entry.bytes_size - 1] != '\0') return damaged();
      variables_.push_back(base_ + entry.bytes_at);
    }
    variables_.push_back(nullptr);
    return {};
  }

  char* base_;
  size_t size_;
  std::vector<char*> variables_;
  bool reads_stdin_ = false;
};

[[noreturn]] void become(const std::string& file, char** arguments, char** variables, int input, int report) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  (void)::setsid();  // its prompts go to its own programs, never to this terminal
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (input >= 0) ::dup2(input, 0);
  ::execve(file.c_str(), arguments, variables);
  const int error = errno;
  (void)!::write(report, &error, sizeof error);
  ::_exit(127);
}

// Its session is told to end, then made to.
void end_session(pid_t pid) {
  (void)::kill(-pid, SIGTERM);
  for (int i = 0; i < 50; ++i) {
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == pid) break;
    const timespec moment{0, 10'000'000};
    ::nanosleep(&moment, nullptr);
  }
  (void)::kill(-pid, SIGKILL);
}

EndedMessage wait_for(pid_t pid, uint32_t timeout_ms) {
  const UniqueFd pidfd = sys::pidfd_open(pid).value_or(UniqueFd());
  const int64_t deadline = sys::monotonic_ms() + timeout_ms;
  bool late = false;
  for (;;) {
    pollfd polled[] = {{pidfd.get(), POLLIN, 0}, {kBrokerFd, POLLHUP, 0}, {kCallerFd, POLLHUP, 0}};
    const int64_t left = std::clamp<int64_t>(deadline - sys::monotonic_ms(), 0, 60'000);
    if (::poll(polled, 3, static_cast<int>(left)) < 0 && errno != EINTR) break;
    if (polled[0].revents != 0) break;
    if (polled[1].revents != 0 || polled[2].revents != 0) break;
    if (sys::monotonic_ms() < deadline) continue;
    late = true;
    break;
  }
  siginfo_t ended{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != pid)
    end_session(pid);
  const int status = sys::waitpid(pid);
  EndedMessage message{.time_limit = late};
  message.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  message.exit_code = message.signal != 0 ? 128 + message.signal : WEXITSTATUS(status);
  return message;
}

}  // namespace

Result<EndedMessage> run_unconfined(const std::string& file, const ProviderOrder& order,
                                    std::span<const UniqueFd> delivery) {
  Environment environment = TRY(Environment::map(delivery.front().get()));
  const int input = environment.reads_stdin() && delivery.size() > 1 ? delivery.back().get() : -1;
  std::vector<std::string> words = order.arguments;
  words.insert(words.begin(), file);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  sys::Pipe report = TRY(sys::pipe());
  const pid_t pid = ::fork();
  if (pid < 0) return sys::errno_error("fork");
  if (pid == 0) become(file, arguments.data(), environment.variables(), input, report.write.get());
  report.write.reset();
  int error = 0;
  ssize_t n = 0;
  while ((n = ::read(report.read.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  const EndedMessage ended = wait_for(pid, order.timeout_ms);
  if (n == static_cast<ssize_t>(sizeof error)) return Error{ErrorKind::kNotExecutable, error, file};
  return ended;
}

}  // namespace confide::supervisor
