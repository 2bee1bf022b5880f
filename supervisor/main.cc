// confide-supervisor: one per credentialed run. Started by the broker's spawner (supervisor/protocol.h), never by hand.
// It holds secrets only as a sealed memfd on its way through and in the masker, launches the command, and stays until
// the end.
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
#include "supervisor/mask_stdio.h"
#include "supervisor/masking_filter.h"
#include "supervisor/protocol.h"
#include "supervisor/provider.h"

namespace confide::supervisor {
namespace {

void say(const RunMessage& message) {
  const std::string bytes = encode(message);
  (void)::send(kCallerFd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void remark(const std::string& text) { say(WarningMessage{text}); }

void say_what_was_masked(const MaskingFilter& filter) {
  for (const auto& [stream, count] : filter.counts())
    say(MaskedMessage{count.name, masking::name_of(count.form), name_of(stream), count.times});
}

// Passes the launcher's events on. The counts go before the end, which the caller waits for.
struct Reporter {
  const MaskingFilter* filter;             // null: masking is off
  const std::vector<Lap>* laps = nullptr;  // null: no trace

  void operator()(const launcher::Event& event) const {
    std::visit([this](const auto& what) { report(what); }, event);
  }
  void report(const launcher::Planned& planned) const {
    PlannedMessage message;
    for (const launcher::LayerState& layer : planned.plan.layers)
      message.layers.push_back({layer.layer, layer.applied, layer.note});
    say(message);
  }
  void report(const launcher::Started& started) const {
    if (filter != nullptr)
      for (const std::string& warning : filter->warnings()) remark(warning);
    say(StartedMessage{started.sandbox_pid});
  }
  void report(const launcher::LayerLost& lost) const { say(LayerLostMessage{lost.layer, lost.note}); }
  void report(const launcher::Remark& said) const { remark(said.text); }
  void report(const launcher::MaskRenewed& mask) const {
    say(NoteMessage{cat("masked again: ", printable(mask.path))});
  }
  void report(const launcher::Stopped&) const { say(StoppedMessage{}); }
  void report(const launcher::Ended& ended) const {
    if (filter != nullptr) say_what_was_masked(*filter);
    if (laps != nullptr) {
      TraceMessage trace{*laps, {}};
      for (const launcher::TraceRow& row : ended.trace)
        trace.steps.push_back({row.step, static_cast<int64_t>(row.microseconds * 1000)});
      say(trace);
    }
    say(EndedMessage{ended.exit_code, ended.signal, ended.time_limit});
  }
};

static_assert(kRenewLease == launcher::kBeginTimeAnew);

constexpr size_t kLimit = size_t{4} << 20;

Result<Assignment> read_assignment() {
  Assignment assignment = TRY(decode_assignment(TRY(sys::read_all(kAssignmentFd, kLimit, "the assignment"))));
  ::close(kAssignmentFd);
  return assignment;
}

MaskPlan plan_of(const Assignment& assignment, const policy::Policy& policy) {
  MaskPlan plan{.names = {}, .options = mask_options(policy.output)};
  for (const SlotText& slot : assignment.slots)
    if (slot.shown == Shown::kConcealed) plan.names.push_back(slot.name);
  for (const std::string& part : assignment.parts) plan.names.push_back(part);
  return plan;
}

Result<launcher::LaunchRequest> read_request() {
  auto request = TRY(launcher::decode_request(TRY(sys::read_all(kRequestFd, kLimit, "the launch request"))));
  ::close(kRequestFd);
  return request;
}

Result<int> run(const Assignment& assignment, Lap begun) {
  launcher::LaunchRequest request = TRY(read_request());
  for (const SlotText& slot : assignment.slots)
    request.secrets.push_back({slot.name, slot.deliver, slot.origin, slot.path});

  MaskPlan plan = plan_of(assignment, request.policy);
  const bool masks = assignment.masking == Masking::kOn && !plan.names.empty();
  MaskingFilter filter(std::move(plan), remark);
  BrokerSecrets secrets(kBrokerFd, masks ? &filter : nullptr);
  const bool traces = assignment.tracing == Tracing::kOn;
  const std::vector<Lap> laps{std::move(begun), lap("supervisor: has read its request")};
  launcher::LaunchHooks hooks{.on_event = Reporter{masks ? &filter : nullptr, traces ? &laps : nullptr},
                              .remote_signals = kCallerFd,
                              .lifeline = kBrokerFd,
                              .trace = traces ? launcher::Trace::kOn : launcher::Trace::kOff};
  if (masks) hooks.filter = &filter;
  if (!request.secrets.empty()) hooks.secrets = &secrets;
  const auto outcome = launcher::launch(request, hooks);
  if (!outcome) {
    if (masks) say_what_was_masked(filter);
    return outcome.error();
  }
  return outcome->exit_code;
}

Result<int> mask(const Assignment& assignment) {
  const launcher::LaunchRequest request = TRY(read_request());
  MaskingFilter filter(plan_of(assignment, request.policy), remark);
  BrokerSecrets secrets(kBrokerFd, &filter);
  TRY(secrets.take());
  secrets.handed_over();
  for (const std::string& warning : filter.warnings()) remark(warning);
  const EndedMessage ended = TRY(mask_stdio(filter, kCallerFd, [] { say(StoppedMessage{}); }));
  say_what_was_masked(filter);
  say(ended);
  return ended.exit_code;
}

Result<int> provide(const Assignment& assignment) {
  BrokerSecrets secrets(kBrokerFd, nullptr);
  const EndedMessage ended = TRY(call_provider(assignment.provider, assignment.slots, secrets));
  say(ended);
  return 0;
}

Result<int> serve(Lap begun) {
  const Assignment assignment = TRY(read_assignment());
  switch (assignment.task) {
    case Task::kRun: return run(assignment, std::move(begun));
    case Task::kMask: return mask(assignment);
    case Task::kProvider: return provide(assignment);
  }
  return Error{ErrorKind::kInternal, 0, "an unknown task"};
}

}  // namespace
}  // namespace confide::supervisor

int main() {
  using namespace confide;
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  for (const int fd :
       {supervisor::kBrokerFd, supervisor::kCallerFd, supervisor::kRequestFd, supervisor::kAssignmentFd}) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      (void)std::fputs("confide-supervisor: this program is started by confide; see confide(1)\n", stderr);
      return 2;
    }
  }
  const auto code = supervisor::serve(supervisor::lap("supervisor: runs"));
  if (code) return *code;
  const Error& error = code.error();
  supervisor::say(supervisor::FailedMessage{error.kind, error.errnum, error.what});
  return exit_code(error.kind);
}
