// confide-supervisor: one per credentialed run. Started by the broker's spawner (supervisor/protocol.h), never by hand.
// It holds secrets only as a sealed memfd on its way through, launches the command, and stays until the end.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/request_wire.h"
#include "supervisor/broker_secrets.h"
#include "supervisor/protocol.h"

namespace confide::supervisor {
namespace {

void say(const RunMessage& message) {
  const std::string bytes = encode(message);
  (void)::send(kCallerFd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

struct Reporter {
  void operator()(const launcher::Event& event) const { std::visit(*this, event); }
  void operator()(const launcher::Planned& planned) const {
    PlannedMessage message;
    for (const launcher::LayerState& layer : planned.plan.layers) message.layers.push_back({layer.layer, layer.applied, layer.note});
    say(message);
  }
  void operator()(const launcher::Started& started) const { say(StartedMessage{started.sandbox_pid}); }
  void operator()(const launcher::LayerLost& lost) const { say(NoteMessage{cat("layer ", name_of(lost.layer), " lost: ", lost.note)}); }
  void operator()(const launcher::MaskRenewed& mask) const { say(NoteMessage{cat("masked again: ", printable(mask.path))}); }
  void operator()(const launcher::Remark& remark) const { say(NoteMessage{remark.text}); }
  void operator()(const launcher::Ended& ended) const { say(EndedMessage{ended.exit_code, ended.signal, ended.time_limit}); }
};

Result<launcher::LaunchRequest> read_request() {
  constexpr size_t kLimit = size_t{4} << 20;
  auto request = TRY(launcher::decode_request(TRY(sys::read_all(kRequestFd, kLimit, "the launch request"))));
  for (SlotText& slot : TRY(decode_slots(TRY(sys::read_all(kSlotsFd, kLimit, "the list of secrets")))))
    request.secrets.push_back({std::move(slot.name), slot.deliver, std::move(slot.origin)});
  ::close(kRequestFd);
  ::close(kSlotsFd);
  return request;
}

Result<launcher::Outcome> serve() {
  const launcher::LaunchRequest request = TRY(read_request());
  BrokerSecrets secrets(kBrokerFd);
  launcher::LaunchHooks hooks{.on_event = Reporter{}, .remote_signals = kCallerFd, .lifeline = kBrokerFd};
  if (!request.secrets.empty()) hooks.secrets = &secrets;
  return launcher::launch(request, hooks);
}

}  // namespace
}  // namespace confide::supervisor

int main() {
  using namespace confide;
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (const int fd : {supervisor::kBrokerFd, supervisor::kCallerFd, supervisor::kRequestFd, supervisor::kSlotsFd}) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      (void)std::fputs("confide-supervisor: this program is started by confide; see confide(1)\n", stderr);
      return 2;
    }
  }
  const auto outcome = supervisor::serve();
  if (outcome) return outcome->exit_code;
  const Error& error = outcome.error();
  supervisor::say(supervisor::FailedMessage{error.kind, error.errnum, error.what});
  return exit_code(error.kind);
}
