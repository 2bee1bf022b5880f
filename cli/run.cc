// confide run: a person's command. With secrets it goes through a one-shot broker; without, this process supervises.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/overloaded.h"
#include "base/text.h"
#include "broker/client.h"
#include "cli/prepare.h"
#include "cli/print.h"
#include "cli/run_options.h"
#include "cli/run_record.h"
#include "cli/run_state.h"
#include "cli/secret_run.h"
#include "cli/show_plan.h"
#include "cli/status.h"
#include "cli/verbs.h"
#include "launcher/request_wire.h"

namespace confide::cli {
namespace {

void print_trace(const std::vector<launcher::TraceRow>& rows) {
  for (const launcher::TraceRow& row : rows) {
    const auto tenths = static_cast<long>(row.microseconds * 10);
    warn(cat("trace ", tenths / 10, ".", tenths % 10, " us  ", row.step));
  }
}

Error time_limit_error() { return {ErrorKind::kTimeLimit, 0, "the time limit ended the run"}; }

Result<int> run_plainly(const Prepared& prepared, const RunOptions& options, StatusWriter& status) {
  RunRecorder recorder("run", prepared, Asker::kPerson);
  const auto on_event = [&](const launcher::Event& event) {
    if (const auto* remark = std::get_if<launcher::Remark>(&event)) warn(remark->text);
    status.write(event);
    recorder.on_event(event);
  };
  const launcher::LaunchHooks hooks{.on_event = on_event,
                                    .trace = options.trace ? launcher::Trace::kOn : launcher::Trace::kOff};
  const auto outcome = launcher::launch(prepared.request, hooks);
  if (!outcome) {
    recorder.failed(outcome.error());
    return outcome.error();
  }
  print_trace(outcome->trace);
  if (outcome->time_limit) return time_limit_error();
  return outcome->exit_code;
}

// When the processes of a run with secrets did what, for --trace-launch.
class LapRecorder {
 public:
  explicit LapRecorder(const RunOptions& options) : on_(options.trace) {
    if (on_) laps_.push_back(supervisor::lap("confide: has prepared the request"));
  }
  void add(const std::vector<supervisor::Lap>& laps) { laps_.insert(laps_.end(), laps.begin(), laps.end()); }
  void hear(const supervisor::RunMessage& message) {
    if (!on_) return;
    if (std::holds_alternative<supervisor::StartedMessage>(message))
      laps_.push_back(supervisor::lap("the command has been executed (the sandbox's own steps: below)"));
    if (const auto* trace = std::get_if<supervisor::TraceMessage>(&message)) {
      add(trace->laps);
      steps_ = trace->steps;
      laps_.push_back(supervisor::lap("the command has ended, and what it printed is through"));
    }
  }
  void print() {
    if (!on_) return;
    std::ranges::stable_sort(laps_, {}, &supervisor::Lap::at_ns);
    std::vector<launcher::TraceRow> rows;
    for (size_t i = 1; i < laps_.size(); ++i)
      rows.push_back({laps_[i].what, static_cast<double>(laps_[i].at_ns - laps_[i - 1].at_ns) / 1000});
    for (const supervisor::StepTime& step : steps_) rows.push_back({step.step, static_cast<double>(step.ns) / 1000});
    print_trace(rows);
  }

 private:
  bool on_;
  std::vector<supervisor::Lap> laps_;
  std::vector<supervisor::StepTime> steps_;
};

// A lease is a time limit of its own, whichever ends first.
struct Lease {
  std::optional<int64_t> ms;
  bool ends_first = false;
};

Result<Lease> lease_of(const RunOptions& options, const policy::Limits& limits) {
  if (!options.lease) return Lease{};
  const auto ms = parse_duration_ms(*options.lease);
  if (!ms || *ms <= 0)
    return Error{ErrorKind::kUsage, 0, cat("--lease takes a time such as 10m: ", printable(*options.lease))};
  if (options.lease_renew && limits.timeout_ms)
    return Error{ErrorKind::kUsage, 0, "--lease-renew and a time limit contradict each other: leave one away"};
  const bool first = !limits.timeout_ms || *ms <= *limits.timeout_ms;
  return Lease{first ? *ms : *limits.timeout_ms, first};
}

Result<int> run_with_secrets(const Prepared& prepared, const RunOptions& options, int environ_fd,
                             StatusWriter& status) {
  LapRecorder laps(options);
  const Lease lease = TRY(lease_of(options, prepared.request.policy.limits));
  launcher::LaunchRequest request = prepared.request;
  if (lease.ms) request.policy.limits.timeout_ms = *lease.ms;
  const auto end_of_lease = [&] { return lease.ms ? boot_time_ms() + *lease.ms : 0; };
  OwnRunState state({.lease_until_ms = end_of_lease(),
                     .renewable = options.lease_renew,
                     .command = options.command.front(),
                     .names = {}});
  RunRecorder recorder("run", prepared, Asker::kPerson);
  broker::SecretRun run = secret_run(options, prepared);
  run.launch_request = launcher::encode(request);
  if (options.lease_renew) run.on_renewal = [&] { state.set_lease_until(end_of_lease()); };
  run.tracing = options.trace ? supervisor::Tracing::kOn : supervisor::Tracing::kOff;
  run.on_launched = [&](const broker::Launched& launched) {
    state.set_names(launched.names);
    recorder.set_names(launched.names);
    laps.add(launched.laps);
  };
  const auto on_message = [&](const supervisor::RunMessage& message) {
    status.write(message);
    laps.hear(message);
    if (const auto* warning = std::get_if<supervisor::WarningMessage>(&message)) warn(warning->text);
  };
  const auto outcome = broker::run(run, environ_fd, on_message, [](const std::string& text) { warn(text); });
  if (!outcome) {
    recorder.failed(outcome.error());
    return outcome.error();
  }
  const supervisor::EndedMessage& ended = *outcome;
  recorder.ended_elsewhere(ended);
  laps.print();
  if (ended.time_limit && lease.ends_first)
    return Error{ErrorKind::kTimeLimit, 0, "the lease has ended, and the run with it"};
  if (ended.time_limit) return time_limit_error();
  return ended.exit_code;
}

Result<int> run(const RunOptions& options, policy::CarriesSecrets secrets, const UniqueFd& own_environ,
                StatusWriter& status) {
  Prepared prepared = TRY(prepare(options, Asker::kPerson, secrets));
  for (const std::string& remark : prepared.remarks) warn(remark);
  if (!options.lease && options.lease_renew)
    return Error{ErrorKind::kUsage, 0, "--lease-renew needs a lease, as in --lease 10m --lease-renew"};
  if (options.lease && secrets == policy::CarriesSecrets::kNo)
    return Error{ErrorKind::kUsage, 0, "a lease is for secrets, and this run has none: use --timeout"};
  if (options.dry_run) return show_plan(std::move(prepared), options, own_environ.get());
  return secrets == policy::CarriesSecrets::kYes ? run_with_secrets(prepared, options, own_environ.get(), status)
                                                 : run_plainly(prepared, options, status);
}

}  // namespace

int run_verb(Arguments arguments) {
  // Before this process is closed to others, its own environment is opened for the broker (env:NAME).
  auto parsed = parse_run_options(arguments, For::kRun);
  if (!parsed) return fail(parsed.error(), form_of(arguments));
  if (const auto& help = parsed->help) return put(*help) ? 0 : 125;
  const RunOptions& options = parsed->options;
  const policy::CarriesSecrets secrets = carries_secrets(options);
  UniqueFd own_environ;
  Concealing concealing = Concealing::kNothing;
  if (secrets == policy::CarriesSecrets::kYes) {
    auto opened = broker::open_own_environ();
    if (!opened) return fail(opened.error(), options.form);
    own_environ = std::move(*opened);
    concealing = options.masking == supervisor::Masking::kOn ? Concealing::kOn : Concealing::kOff;
  }
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  auto status = StatusWriter::create(options.status_fd, concealing);
  if (!status) return fail(status.error(), options.form);
  const auto code = run(options, secrets, own_environ, *status);
  if (code) return *code;
  if (code.error().kind != ErrorKind::kTimeLimit) status->failed(code.error());  // else `exit` has said it
  return fail(code.error(), options.form);
}

}  // namespace confide::cli
