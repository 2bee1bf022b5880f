#include "broker/client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/fd_message.h"
#include "base/sys.h"
#include "base/text.h"
#include "broker/one_shot.h"
#include "broker/signals.h"

namespace confide::broker {
namespace {

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

// Opens a file for the broker to read. Errors begin with the option that names it.
Result<PassedFile> pack_file(const std::string& path, std::string_view option, Parcel& parcel) {
  auto fd = sys::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
  if (!fd) return Error{ErrorKind::kRefused, 0, cat(option, " ", printable(path), ": ", to_text(fd.error()))};
  parcel.owned.push_back(std::move(*fd));
  return PassedFile{path, parcel.add(parcel.owned.back().get())};
}

// Opens what the references and files name by descriptor: env files, templates, fd:N, stdin:, the terminal.
Status pack_inputs(const SecretRun& run, Parcel& parcel) {
  Request& request = parcel.request;
  request.secrets = run.secrets;
  request.environments = run.environments;
  if (!run.environments.empty()) request.known = run.known;
  request.shell = run.shell;
  request.cwd = run.cwd;
  request.project = run.project;
  for (const std::string& path : run.env_files) request.env_files.push_back(TRY(pack_file(path, "--env-file", parcel)));
  for (const SecretRun::TemplateFile& one : run.templates)
    request.templates.push_back({TRY(pack_file(one.source, "--template", parcel)), one.target});
  if (UniqueFd terminal = open_terminal(); terminal.valid()) {
    request.terminal = parcel.add(terminal.get());
    parcel.owned.push_back(std::move(terminal));
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
    request.descriptors.push_back({static_cast<uint32_t>(number), parcel.add(number)});
  }
  return {};
}

Status send(const OneShot& broker, Parcel& parcel) {
  UniqueFd request = TRY(sys::memfd_with("confide-request", encode(parcel.request)));
  parcel.fds[static_cast<size_t>(Slot::kRequest)] = request.get();
  auto sent = sys::send_message(broker.socket(), kRunMessage, parcel.fds);
  // A broker that will not serve here may be gone already; why is still to be heard.
  if (!sent && sent.error().errnum == EPIPE) return {};
  return sent;
}

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
  const OneShot broker = TRY(OneShot::start(Duty::kRun, run.folders));
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
  const OneShot broker = TRY(OneShot::start(Duty::kRun, {}));
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

// `caller` is the supervisor's end of its socket to this process.
Result<Parcel> pack_run(Verb verb, const SecretRun& run, int environ_fd, int caller) {
  Parcel parcel{.request = {.verb = verb, .masking = run.masking, .tracing = run.tracing}};
  parcel.owned.push_back(TRY(sys::memfd_with("confide-launch", run.launch_request)));
  const int launch = parcel.owned.back().get();
  parcel.owned.push_back(TRY(sys::openat(AT_FDCWD, "/dev/null", O_RDWR)));
  const int null = parcel.owned.back().get();
  for (const int fd : {-1, environ_fd, launch, caller, 0, 1, 2}) parcel.add(fd);
  for (int n = 0; n < 3; ++n)  // a descriptor that the caller closed
    if (::fcntl(n, F_GETFD) < 0) parcel.fds[static_cast<size_t>(Slot::kStdin) + static_cast<size_t>(n)] = null;
  TRY(pack_inputs(run, parcel));
  // What the broker reads from standard input is not the command's as well.
  for (const PassedDescriptor& passed : parcel.request.descriptors)
    if (passed.number == 0) parcel.fds[static_cast<size_t>(Slot::kStdin)] = null;
  return parcel;
}

// Whether the broker has launched the command; what it says with that is passed on.
Result<bool> hear_launched(const OneShot& broker, const SecretRun& run, const OnWarning& on_warning) {
  const Reply reply = TRY(hear(broker));
  const auto* said = std::get_if<Launched>(&reply);
  if (said == nullptr) return false;
  for (const std::string& warning : said->warnings) on_warning(warning);
  if (run.on_launched) run.on_launched(*said);
  return true;
}

Result<supervisor::EndedMessage> serve(Verb verb, const SecretRun& run, int environ_fd, const OnMessage& on_message,
                                       const OnWarning& on_warning) {
  auto caller = TRY(sys::seqpacket_pair());
  Parcel parcel = TRY(pack_run(verb, run, environ_fd, caller.right.get()));
  const Forwarder signals(run.on_renewal);
  TerminalState terminal_state;
  OneShot broker = TRY(OneShot::start(Duty::kRun, run.folders));
  TRY(send(broker, parcel));
  caller.right.reset();
  parcel.owned.clear();

  bool launched = false;
  bool end_asked = false;
  for (;;) {
    // Until the broker has answered, the end of the supervisor's socket only says that it will not launch.
    pollfd polled[] = {{launched ? caller.left.get() : -1, POLLIN, 0},
                       {launched ? -1 : broker.socket(), POLLIN, 0},
                       {signals.fd(), POLLIN, 0}};
    // A command about to start gets the signal; nobody waits for it while a provider does not answer.
    constexpr int kAboutToStartMs = 500;
    const int ready = ::poll(polled, 3, end_asked && !launched ? kAboutToStartMs : -1);
    if (ready < 0) {
      if (errno == EINTR) continue;
      return sys::errno_error("poll");
    }
    if (ready == 0) {
      broker.abandon(signals);
      return Error{ErrorKind::kLaunch, 0, "interrupted before the secrets were there; nothing was launched"};
    }
    if (polled[1].revents != 0 && TRY(hear_launched(broker, run, on_warning))) {
      launched = true;
      terminal_state.let_go();
      for (const int fd : {0, 1}) sys::let_go_of(fd);
    }
    if (polled[2].revents != 0) end_asked = signals.forward_to(caller.left.get()) || end_asked;
    if (polled[0].revents != 0) {
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
