// confide-broker --once: the broker of one run, started by a person's `confide run` over a socketpair. It resolves what
// the request names, has the supervisor started, hands the values over once the sandbox stands, wipes them, and ends
// with its client. confide-broker --store: the same for one request about the vault or environments.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string_view>

#include "base/fd_message.h"
#include "base/sys.h"
#include "broker/confine.h"
#include "broker/delivery_block.h"
#include "broker/gather.h"
#include "broker/handed.h"
#include "broker/protocol.h"
#include "broker/provider_verbs.h"
#include "broker/serve_store.h"
#include "broker/spawner.h"
#include "broker/vault_access.h"
#include "supervisor/protocol.h"

namespace confide::broker {
namespace {

void say(const Reply& reply) { (void)sys::send_message(kClientFd, encode(reply)); }

constexpr size_t kMaxInputs = 240;

struct Heard {
  std::string bytes;
  std::vector<UniqueFd> fds;
};

Result<Heard> hear_bytes(std::string_view expected) {
  auto message = TRY(sys::receive_message(kClientFd, 64, kMaxInputs));
  if (message.fds.size() < 2) return Error{ErrorKind::kRefused, 0, "the client went away"};
  if (message.bytes != expected) return Error{ErrorKind::kRefused, 0, "the client asked for something else"};
  std::string bytes =
      TRY(sys::read_all(message.fds[static_cast<size_t>(Slot::kRequest)].get(), kMaxRequestBytes, "the request"));
  return Heard{std::move(bytes), std::move(message.fds)};
}

struct Asked {
  Request request;
  std::vector<UniqueFd> fds;
};

Result<Asked> hear_request() {
  Heard heard = TRY(hear_bytes(kRunMessage));
  Asked asked{TRY(decode_request(heard.bytes)), std::move(heard.fds)};
  const bool runs = asked.request.verb == Verb::kRun || asked.request.verb == Verb::kMask;
  if (runs && asked.fds.size() < static_cast<size_t>(Slot::kFirstFree)) {
    return Error{ErrorKind::kRefused, 0, "the request lacks descriptors"};
  }
  return asked;
}

int number_of(const std::vector<UniqueFd>& fds, Slot slot) { return fds[static_cast<size_t>(slot)].get(); }

// Serves the supervisor until it or the client is gone.
void stay_with(DeliveryBlock& block, const Spawner& spawner, int supervisor) {
  for (;;) {
    pollfd polled[] = {{kClientFd, POLLIN, 0}, {spawner.socket(), POLLIN, 0}, {supervisor, POLLIN, 0}};
    if (::poll(polled, 3, -1) < 0) continue;
    if (polled[0].revents != 0 || polled[1].revents != 0) return;
    const auto message = sys::receive_message(supervisor, 16);
    if (!message || message->bytes.empty()) return;
    switch (static_cast<supervisor::ToBroker>(message->bytes[0])) {
      case supervisor::ToBroker::kStanding: (void)sys::send_message(supervisor, "secrets", block.descriptors()); break;
      case supervisor::ToBroker::kHandedOver: block.wipe(); break;
    }
  }
}

Status serve_providers(const Asked& asked, const Spawner& spawner, secrets::SecretArena& arena) {
  const auto shell = TRY(secrets::Environ::read(number_of(asked.fds, Slot::kEnviron)));
  if (asked.request.verb == Verb::kProviders) {
    say(list_providers(shell, arena));
    return {};
  }
  const auto& words = asked.request.secrets;
  if (words.empty() || words.size() > 2) return Error{ErrorKind::kRefused, 0, "the request names no provider"};
  say(TRY(test_provider(words[0], words.size() == 2 ? words[1] : std::string(), {spawner, shell, arena})));
  return {};
}

// What is asked may be long, so it goes beside the reply.
Status serve_store(const Spawner& spawner) {
  Heard heard = TRY(hear_bytes(kStoreMessage));
  const StoreRequest request = TRY(decode_store_request(heard.bytes));
  const StoreReply reply = TRY(broker::serve_store(request, heard.fds, spawner));
  const UniqueFd answer = TRY(sys::memfd_with("confide-answer", encode(reply)));
  return sys::send_message(kClientFd, encode(Reply{Answered{}}), std::vector<int>{answer.get()});
}

// However this ends: what was lent for the run is given back.
struct GiveBack {
  std::vector<Resident>& residents;
  ~GiveBack() { end_residents(std::move(residents)); }
};

Status serve_run(const Spawner& spawner, std::vector<supervisor::Lap> laps) {
  laps.push_back(supervisor::lap("broker: confined, spawner forked"));
  Asked asked = TRY(hear_request());
  laps.push_back(supervisor::lap("broker: has read the request"));
  secrets::SecretArena arena;
  if (asked.request.verb == Verb::kProviders || asked.request.verb == Verb::kTestProvider)
    return serve_providers(asked, spawner, arena);
  const int terminal = asked.request.terminal && *asked.request.terminal < asked.fds.size()
                           ? asked.fds[*asked.request.terminal].get()
                           : -1;
  Gathered gathered;
  {
    VaultAccess vault(kVaultFd, terminal, arena, &spawner);
    gathered = TRY(gather(asked.request, asked.fds, vault, arena, spawner));
  }
  laps.push_back(supervisor::lap("broker: has the values"));
  const GiveBack at_the_end{gathered.residents};
  if (asked.request.verb == Verb::kDescribe) {
    say(Described{std::move(gathered.slots), std::move(gathered.warnings)});
    return {};
  }
  const auto task = asked.request.verb == Verb::kRun ? supervisor::Task::kRun : supervisor::Task::kMask;
  DeliveryBlock block = TRY(DeliveryBlock::create(gathered.secrets, gathered.parts));
  std::vector<std::string> parts;
  for (const MaskedPart& part : gathered.parts) parts.push_back(part.name);
  gathered.secrets.clear();  // the values now stand in the block alone
  gathered.parts.clear();
  const UniqueFd assignment = TRY(sys::memfd_with(
      "confide-assignment", supervisor::encode(supervisor::Assignment{task, asked.request.masking,
                                                                      asked.request.tracing, gathered.slots, parts})));
  auto pair = TRY(sys::seqpacket_pair());
  TRY(spawner.start_supervisor(std::vector<int>{
      number_of(asked.fds, Slot::kStdin), number_of(asked.fds, Slot::kStdout), number_of(asked.fds, Slot::kStderr),
      pair.right.get(), number_of(asked.fds, Slot::kCaller), number_of(asked.fds, Slot::kLaunch), assignment.get()}));
  pair.right.reset();
  asked.fds.clear();
  std::vector<std::string> names;
  for (const supervisor::SlotText& slot : gathered.slots) names.push_back(slot.name);
  laps.push_back(supervisor::lap("broker: delivery block written, supervisor ordered"));
  say(Launched{std::move(gathered.warnings), std::move(names), std::move(laps)});
  stay_with(block, spawner, pair.left.get());
  return {};
}

Status serve(Duty duty) {
  std::vector<supervisor::Lap> laps{supervisor::lap("broker: runs")};
  TRY(keep_places(std::array{kVaultFd, kConfigFd, kBesideFd}));
  if (const auto place = check_place(); !place) {
    // A socket closed with a message unread resets, and what is said below would be lost.
    (void)sys::receive_message(kClientFd, 64, kMaxInputs);
    return place;
  }
  const Spawner spawner = TRY(Spawner::fork());
  if (duty == Duty::kStore) {
    TRY(confine(std::array{kVaultFd, kConfigFd, kBesideFd}));
    return serve_store(spawner);
  }
  TRY(confine({}));
  return serve_run(spawner, std::move(laps));
}

// Signals that the terminal sends to the whole process group are the client's to forward.
void leave_signals_to_client() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP, SIGPIPE})
    ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace
}  // namespace confide::broker

int main(int argc, char** argv) {
  using namespace confide;
  const std::string_view word = argc == 2 ? argv[1] : "";
  if (word != "--once" && word != "--store") {
    (void)std::fputs("confide-broker: this program is started by confide; see confide(1)\n", stderr);
    return 2;
  }
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  broker::leave_signals_to_client();
  const auto served = broker::serve(word == "--once" ? broker::Duty::kRun : broker::Duty::kStore);
  if (served) return 0;
  const Error& why = served.error();
  broker::say(broker::Refused{why.kind, why.errnum, why.what, why.quoted});
  return exit_code(served.error().kind);
}
