#include "broker/one_shot.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "base/fd_message.h"
#include "base/sys.h"
#include "base/text.h"
#include "broker/programs.h"

namespace confide::broker {
namespace {

// Numbers above those that the broker gets, so that none is overwritten before it is copied.
constexpr int kAside = 16;

// What it asks to end gets five seconds, and so does what has answered already.
constexpr int64_t kTimeToEndMs = 11'000;

struct Given {
  UniqueFd fd;
  int number = -1;
};

// Nothing where there is no such folder.
Result<std::optional<Given>> open_folder(const std::string& path, int number) {
  if (path.empty()) return std::optional<Given>();
  const auto folder = sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  if (!folder) {
    if (folder.error().errnum == ENOENT) return std::optional<Given>();
    return Error{ErrorKind::kRefused, folder.error().errnum, printable(path)};
  }
  return std::optional(Given{TRY(sys::duplicate(folder->get(), kAside)), number});
}

}  // namespace

Result<OneShot> OneShot::start(Duty duty, const Folders& folders) {
  auto pair = TRY(sys::seqpacket_pair());
  const std::string program = TRY(find_program("confide-broker"));
  std::vector<Given> given;
  given.push_back({TRY(sys::duplicate(pair.right.get(), kAside)), kClientFd});
  for (const auto& [path, number] :
       {std::pair(folders.vault, kVaultFd), std::pair(folders.config, kConfigFd), std::pair(folders.beside, kBesideFd)})
    if (auto folder = TRY(open_folder(path, number))) given.push_back(std::move(*folder));

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  // Numbers 3 to 15 may be the caller's.
  for (int number = kClientFd; number < kAside; ++number) ::posix_spawn_file_actions_addclose(&actions, number);
  for (const Given& one : given) ::posix_spawn_file_actions_adddup2(&actions, one.fd.get(), one.number);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kBesideFd + 1);
  const char* arguments[] = {"confide-broker", duty == Duty::kRun ? "--once" : "--store", nullptr};
  char* environment[] = {nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, const_cast<char**>(arguments), environment);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Error{ErrorKind::kLaunch, error, cat("starting ", program)};
  return OneShot(pid, std::move(pair.left));
}

Error OneShot::say_why_it_ended() const {
  siginfo_t how{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  if (how.si_code == CLD_EXITED && how.si_status == 128 + SIGSYS) {
    return Error{ErrorKind::kLaunch, 0,
                 "the broker was ended by its system call filter (SIGSYS), and nothing was handed over: a defect of "
                 "confide, or what it read took it over; please report it"};
  }
  return Error{ErrorKind::kLaunch, 0, "the broker ended without a word (killed from outside?)"};
}

void OneShot::abandon(const Forwarder& signals) {
  socket_.reset();
  if (pid_ <= 0) return;
  const auto process = sys::pidfd_open(pid_);
  const int64_t deadline = sys::monotonic_ms() + kTimeToEndMs;
  for (int64_t left = kTimeToEndMs; left > 0 && process; left = deadline - sys::monotonic_ms()) {
    pollfd polled[] = {{process->get(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    if (::poll(polled, 2, static_cast<int>(left)) < 0 && errno != EINTR) break;
    if (polled[0].revents != 0) return;
    if (polled[1].revents != 0 && signals.wants_the_end()) break;
  }
  (void)::kill(pid_, SIGKILL);
}

OneShot::~OneShot() {
  socket_.reset();  // the broker ends with its client
  if (pid_ > 0) (void)sys::waitpid(pid_);
}

Result<HeardReply> hear(const OneShot& broker, size_t max_fds) {
  auto heard = sys::receive_message(broker.socket(), kMaxReplyBytes, max_fds);
  // Gone before it read the request: the kernel says that first, and then hands over the broker's last words.
  if (!heard && heard.error().errnum == ECONNRESET)
    heard = sys::receive_message(broker.socket(), kMaxReplyBytes, max_fds);
  sys::Message message = TRY(std::move(heard));
  if (message.bytes.empty()) return broker.say_why_it_ended();
  Reply reply = TRY(decode_reply(message.bytes));
  if (auto* refused = std::get_if<Refused>(&reply))
    return Error{refused->kind, refused->errnum, std::move(refused->what), std::move(refused->quoted)};
  return HeardReply{std::move(reply), std::move(message.fds)};
}

Result<Reply> hear(const OneShot& broker) { return TRY(hear(broker, 0)).reply; }

}  // namespace confide::broker
