#include "broker/client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>

#include "base/fd_message.h"
#include "base/sys.h"
#include "base/text.h"
#include "broker/programs.h"

namespace confide::broker {
namespace {

// The broker of one request. Ends with this object.
class OneShot {
 public:
  static Result<OneShot> start() {
    auto pair = TRY(sys::seqpacket_pair());
    const std::string program = TRY(find_program("confide-broker"));
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, pair.right.get(), kClientFd);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, kClientFd + 1);
    const char* arguments[] = {"confide-broker", "--once", nullptr};
    char* environment[] = {nullptr};
    pid_t pid = -1;
    const int error =
        ::posix_spawn(&pid, program.c_str(), &actions, nullptr, const_cast<char**>(arguments), environment);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return Error{ErrorKind::kLaunch, error, cat("starting ", program)};
    return OneShot(pid, std::move(pair.left));
  }

  OneShot(OneShot&& other) noexcept : pid_(std::exchange(other.pid_, -1)), socket_(std::move(other.socket_)) {}
  OneShot& operator=(OneShot&&) = delete;
  ~OneShot() {
    socket_.reset();  // the broker ends with its client
    if (pid_ > 0)
      while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
  }
  int socket() const { return socket_.get(); }

 private:
  OneShot(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}
  pid_t pid_;
  UniqueFd socket_;
};

// Descriptors and the request that names them.
struct Parcel {
  Request request;
  std::vector<int> fds;
  std::vector<UniqueFd> owned;

  uint32_t add(int fd) {
    fds.push_back(fd);
    return static_cast<uint32_t>(fds.size() - 1);
  }
};

Error no_env_file(const std::string& path, Error error) {
  error.kind = ErrorKind::kRefused;
  error.what = cat("--env-file ", printable(path), ": ", to_text(error));
  error.errnum = 0;
  return error;
}

// Opens what the references and env files name by descriptor: env files, fd:N, stdin:.
Status pack_inputs(const SecretRun& run, Parcel& parcel) {
  parcel.request.secrets = run.secrets;
  for (const std::string& path : run.env_files) {
    auto fd = sys::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
    if (!fd) return no_env_file(path, fd.error());
    parcel.request.env_files.push_back({path, parcel.add(fd->get())});
    parcel.owned.push_back(std::move(*fd));
  }
  for (const std::string& text : run.secrets) {
    const auto flag = policy::parse_secret_flag(text);
    if (!flag) continue;  // the broker says so, together with whatever else fails
    const auto* descriptor = std::get_if<policy::Descriptor>(&flag->reference.parts);
    const int number = descriptor != nullptr                              ? descriptor->number
                       : flag->reference.scheme == policy::Scheme::kStdin ? 0
                                                                          : -1;
    if (number < 0) continue;
    if (::fcntl(number, F_GETFD) < 0) continue;
    parcel.request.descriptors.push_back({static_cast<uint32_t>(number), parcel.add(number)});
  }
  return {};
}

Status send(const OneShot& broker, Parcel& parcel) {
  UniqueFd request = TRY(sys::memfd_with("confide-request", encode(parcel.request)));
  parcel.fds[static_cast<size_t>(Slot::kRequest)] = request.get();
  auto sent = sys::send_message(broker.socket(), "confide", parcel.fds);
  // A broker that will not serve here may be gone already; why is still to be heard.
  if (!sent && sent.error().errnum == EPIPE) return {};
  return sent;
}

Result<Reply> hear(const OneShot& broker) {
  auto heard = sys::receive_message(broker.socket(), kMaxReplyBytes);
  // Gone before it read the request: the kernel says that first, and then hands over the broker's last words.
  if (!heard && heard.error().errnum == ECONNRESET) heard = sys::receive_message(broker.socket(), kMaxReplyBytes);
  const auto message = TRY(std::move(heard));
  if (message.bytes.empty())
    return Error{ErrorKind::kLaunch, 0, "the broker ended without a word (killed from outside?)"};
  Reply reply = TRY(decode_reply(message.bytes));
  if (auto* refused = std::get_if<Refused>(&reply))
    return Error{refused->kind, refused->errnum, std::move(refused->what)};
  return reply;
}

void send_signal(int socket, int32_t signal) {
  (void)::send(socket, &signal, sizeof signal, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Blocks the signals that a run forwards and reads them by descriptor.
class Forwarder {
 public:
  explicit Forwarder(std::function<void()> on_renewal) : on_renewal_(std::move(on_renewal)) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP}) ::sigaddset(&set, signal);
    ::sigaddset(&set, SIGRTMIN + 1);  // blocked in any case: whom it does not concern it does not end
    ::sigprocmask(SIG_BLOCK, &set, &before_);
    fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Forwarder() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  int fd() const { return fd_.get(); }
  // Whether one of them asks for an end.
  bool forward_to(int socket) const {
    bool asks_for_end = false;
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      auto signal = static_cast<int32_t>(info.ssi_signo);
      if (signal == SIGRTMIN + 1) {
        if (!on_renewal_) continue;
        signal = supervisor::kRenewLease;
        on_renewal_();
      }
      send_signal(socket, signal);
      asks_for_end = asks_for_end || signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
    }
    return asks_for_end;
  }

 private:
  std::function<void()> on_renewal_;
  sigset_t before_{};
  UniqueFd fd_;
};

// The command has stopped: so does this process, for whoever controls the job.
void stop_until_continued(int socket) {
  (void)::kill(::getpid(), SIGSTOP);
  send_signal(socket, SIGCONT);
}

Result<supervisor::RunMessage> hear_supervisor(int caller) {
  const auto message = TRY(sys::receive_message(caller, kMaxReplyBytes));
  if (message.bytes.empty())
    return Error{ErrorKind::kLaunch, 0, "the supervisor ended without a word (killed from outside?)"};
  const supervisor::RunMessage said = TRY(supervisor::decode_message(message.bytes));
  if (const auto* failed = std::get_if<supervisor::FailedMessage>(&said))
    return Error{failed->kind, failed->errnum, failed->what};
  return said;
}

}  // namespace

Result<UniqueFd> open_own_environ() { return sys::openat(AT_FDCWD, "/proc/self/environ", O_RDONLY); }

Result<Described> describe(const SecretRun& run, int environ_fd) {
  Parcel parcel{.request = {.verb = Verb::kDescribe}};
  parcel.add(-1);
  parcel.add(environ_fd);
  TRY(pack_inputs(run, parcel));
  const OneShot broker = TRY(OneShot::start());
  TRY(send(broker, parcel));
  Reply reply = TRY(hear(broker));
  if (auto* described = std::get_if<Described>(&reply)) return std::move(*described);
  return Error{ErrorKind::kInternal, 0, "the broker answered another question"};
}

namespace {

template <class Wanted>
Result<Wanted> ask(Request request, int environ_fd) {
  Parcel parcel{.request = std::move(request), .fds = {}, .owned = {}};
  parcel.add(-1);
  parcel.add(environ_fd);
  const OneShot broker = TRY(OneShot::start());
  TRY(send(broker, parcel));
  Reply reply = TRY(hear(broker));
  if (auto* wanted = std::get_if<Wanted>(&reply)) return std::move(*wanted);
  return Error{ErrorKind::kInternal, 0, "the broker answered another question"};
}

}  // namespace

Result<ProviderList> list_providers(int environ_fd) {
  return ask<ProviderList>({.verb = Verb::kProviders}, environ_fd);
}

Result<ProviderTest> test_provider(const std::string& provider, const std::string& reference, int environ_fd) {
  Request request{.verb = Verb::kTestProvider, .secrets = {provider}};
  if (!reference.empty()) request.secrets.push_back(reference);
  return ask<ProviderTest>(std::move(request), environ_fd);
}

namespace {

Result<supervisor::EndedMessage> serve(Verb verb, const SecretRun& run, int environ_fd, const OnMessage& on_message,
                                       const OnWarning& on_warning) {
  Parcel parcel{.request = {.verb = verb, .masking = run.masking}};
  auto caller = TRY(sys::seqpacket_pair());
  const UniqueFd launch = TRY(sys::memfd_with("confide-launch", run.launch_request));
  const UniqueFd null = TRY(sys::openat(AT_FDCWD, "/dev/null", O_RDWR));
  for (const int fd : {-1, environ_fd, launch.get(), caller.right.get(), 0, 1, 2}) parcel.add(fd);
  for (int n = 0; n < 3; ++n)  // a descriptor that the caller closed
    if (::fcntl(n, F_GETFD) < 0) parcel.fds[static_cast<size_t>(Slot::kStdin) + static_cast<size_t>(n)] = null.get();
  TRY(pack_inputs(run, parcel));
  // What the broker reads from standard input is not the command's as well.
  for (const PassedDescriptor& passed : parcel.request.descriptors)
    if (passed.number == 0) parcel.fds[static_cast<size_t>(Slot::kStdin)] = null.get();

  const Forwarder signals(run.on_renewal);
  const OneShot broker = TRY(OneShot::start());
  TRY(send(broker, parcel));
  caller.right.reset();
  parcel.owned.clear();

  bool launched = false;
  bool end_asked = false;
  for (;;) {
    pollfd polled[] = {
        {caller.left.get(), POLLIN, 0}, {launched ? -1 : broker.socket(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    // A command about to start gets the signal; nobody waits for it while a provider does not answer.
    constexpr int kAboutToStartMs = 500;
    const int ready = ::poll(polled, 3, end_asked && !launched ? kAboutToStartMs : -1);
    if (ready < 0) {
      if (errno == EINTR) continue;
      return sys::errno_error("poll");
    }
    if (ready == 0)
      return Error{ErrorKind::kLaunch, 0, "interrupted before the secrets were there; nothing was launched"};
    if (polled[1].revents != 0) {
      const Reply reply = TRY(hear(broker));
      if (const auto* said = std::get_if<Launched>(&reply)) {
        for (const std::string& warning : said->warnings) on_warning(warning);
        if (run.on_names) run.on_names(said->names);
        launched = true;
        for (const int fd : {0, 1}) sys::let_go_of(fd);
      }
    }
    if (polled[2].revents != 0) end_asked = signals.forward_to(caller.left.get()) || end_asked;
    // Until the broker has answered, the end of this socket only says that it will not launch.
    if (polled[0].revents != 0 && launched) {
      const auto said = TRY(hear_supervisor(caller.left.get()));
      on_message(said);
      if (std::holds_alternative<supervisor::StoppedMessage>(said)) stop_until_continued(caller.left.get());
      if (const auto* ended = std::get_if<supervisor::EndedMessage>(&said)) return *ended;
    }
  }
}

}  // namespace

Result<supervisor::EndedMessage> run(const SecretRun& run, int environ_fd, const OnMessage& on_message,
                                     const OnWarning& on_warning) {
  return serve(Verb::kRun, run, environ_fd, on_message, on_warning);
}

Result<supervisor::EndedMessage> mask(const SecretRun& run, int environ_fd, const OnMessage& on_message,
                                      const OnWarning& on_warning) {
  return serve(Verb::kMask, run, environ_fd, on_message, on_warning);
}

}  // namespace confide::broker
