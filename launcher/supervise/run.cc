#include "launcher/supervise/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/child/control.h"
#include "launcher/supervise/background.h"
#include "launcher/supervise/cgroup.h"
#include "launcher/supervise/control_channel.h"
#include "launcher/supervise/covers.h"
#include "launcher/supervise/descendants.h"
#include "launcher/supervise/mask_keeper.h"
#include "launcher/supervise/reports.h"
#include "launcher/supervise/signals.h"
#include "launcher/supervise/streams.h"
#include "launcher/supervise/terminal.h"
#include "launcher/supervise/trace.h"

namespace confide::launcher {
namespace {

using child::OrderKind;
using child::Report;
using child::ReportKind;

// A time limit is a lease on secrets, which a suspended machine does not stop.
int64_t lease_clock_ms() { return sys::clock_ms(CLOCK_BOOTTIME); }

// A signal that comes while the command is being started waits for it so long; then it ends the launch.
constexpr int64_t kStartPatienceMs = 250;

// So long an end waits for work beside the run that a short command leaves no time for.
constexpr int kPatienceWithWorkMs = 50;

class Run {
 public:
  explicit Run(const RunInput& input)
      : plan_(input.plan),
        request_(input.request),
        hooks_(input.hooks),
        stdio_(input.stdio),
        streams_(input.stdio, input.hooks.filter),
        masks_(input.plan, input.masks, input.hooks.on_event),
        background_(input.background) {}

  std::expected<Outcome, LaunchFailure> go() {
    if (auto prepared = prepare(); !prepared) return std::unexpected(LaunchFailure{prepared.error()});
    auto gate = SignalGate::create();
    if (!gate) return std::unexpected(LaunchFailure{gate.error()});
    signals_ = &*gate;
    const auto& stdio = streams_.for_child();
    auto spawned = spawn({plan_, {stdio[0], stdio[1], stdio[2]}, trace_, cgroup_ ? cgroup_->fd() : -1});
    if (!spawned) return std::unexpected(std::move(spawned.error()));
    child_ = &*spawned;
    streams_.cloned();
    if (request_.policy.limits.timeout_ms) deadline_ = lease_clock_ms() + *request_.policy.limits.timeout_ms;
    const Status looped = loop();
    child_->kill_all();
    if (terminal_) terminal_->restore();
    if (at_work_ && status_ && given_up_by_ == 0) at_work_->wait(kPatienceWithWorkMs);
    at_work_.reset();
    if (!has_own_pid_namespace()) end_descendants();
    if (covers_) {
      child_->reap();  // so that nobody is left to make what the covers keep from being made
      covers_.reset();
    }
    if (failure_) return std::unexpected(*failure_);
    if (!looped) return std::unexpected(LaunchFailure{looped.error()});
    return finish();
  }

 private:
  bool has_own_pid_namespace() const {
    const auto* clone = std::get_if<CloneStep>(&plan_.steps.front().action);
    return clone != nullptr && clone->namespaces != 0;
  }

  // What must exist before the clone: pipes for a filter, trace memory, the cgroup.
  Status prepare() {
    TRY(streams_.open());
    if (!has_own_pid_namespace()) (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (hooks_.trace == Trace::kOn) trace_ = trace_memory();
    if (const auto* limits = find_step<CgroupStep>()) cgroup_.emplace(TRY(Cgroup::create(*limits)));
    if (const auto* cover = find_step<CoverStep>()) covers_.emplace(TRY(Covers::guard(*cover)));
    return {};
  }

  Status loop() {
    while (!finished()) {
      std::vector<pollfd> polled = {{child_->control(), POLLIN, 0},
                                    {signals_->fd(), POLLIN, 0},
                                    {hooks_.remote_signals, POLLIN, 0},
                                    {hooks_.lifeline, 0, 0},
                                    {masks_.fd(), POLLIN, 0}};
      if (control_ended_) polled[0].fd = -1;
      for (Relay* relay : streams_.relays()) relay->prepare(polled);
      const int ready = ::poll(polled.data(), polled.size(), poll_timeout());
      if (ready < 0 && errno != EINTR) return sys::errno_error("poll");
      if (ready > 0) {
        if (polled[0].revents != 0) TRY(hear());
        if (polled[1].revents != 0) take_signals();
        if (polled[2].revents != 0) take_remote_signal();
        if ((polled[3].revents & (POLLHUP | POLLERR)) != 0) end_with("the broker of this run is gone");
      }
      const int64_t now = sys::monotonic_ms();
      for (Relay* relay : streams_.relays()) TRY(relay->step(polled, now));
      streams_.close_what_nobody_reads();
      watch_time(now);
      if (auto changed = masks_.step(now)) failure_ = std::move(*changed);
    }
    return {};
  }

  bool finished() {
    if (failure_ || gave_up_) return true;
    // Pid 1 has said how the command ended and goes: whoever waits for it need not hear that as well.
    if (status_ && has_own_pid_namespace() && streams_.relays().empty()) return true;
    if (!control_ended_) return false;
    if (!running_) return true;  // what never ran has printed nothing, and its filter may never be ready to say so
    return streams_.all_written();
  }

  int poll_timeout() {
    const int64_t now = sys::monotonic_ms();
    std::optional<int64_t> next;
    const auto sooner = [&](std::optional<int64_t> wants) {
      if (wants && (!next || *wants < *next)) next = wants;
    };
    for (Relay* relay : streams_.relays()) sooner(relay->deadline_ms());
    sooner(masks_.deadline_ms());
    if (early_) sooner(early_->until);
    if (deadline_) sooner(now + *deadline_ - lease_clock_ms());
    if (!next) return -1;
    constexpr int64_t kLongest = 60'000;  // poll's own clock stands still while the machine does
    return static_cast<int>(std::clamp<int64_t>(*next - now, 0, kLongest));
  }

  Status hear() {
    auto heard = hear_child(child_->control());
    if (!heard) return {};
    if (!heard->ended) return act_on(heard->report, std::move(heard->passed));
    control_ended_ = true;
    masks_.end();
    if (!has_own_pid_namespace()) {
      // What the command has left behind may hold its output open, and what it was given.
      at_work_.reset();
      end_descendants();
    }
    return {};
  }

  Status act_on(const Report& report, UniqueFd passed) {
    switch (report.kind) {
      case ReportKind::kNeedMaps: break;  // written as soon as the clone was there
      case ReportKind::kNote: note(report); break;
      case ReportKind::kFailed: failure_ = failure_of(plan_, request_, report); break;
      case ReportKind::kStanding: return hand_over_secrets();
      case ReportKind::kTerminal: TRY(take_terminal(std::move(passed))); break;
      case ReportKind::kRunning:
        running_ = true;
        if (early_) tell(OrderKind::kSignal, early_->signal);
        early_.reset();
        streams_.let_go(hooks_.stdio);
        if (hooks_.secrets != nullptr) hooks_.secrets->handed_over();
        if (hooks_.on_event) hooks_.on_event(Started{child_->pid()});
        masks_.begin(std::move(passed), sys::monotonic_ms());
        start_background();
        break;
      case ReportKind::kStopped:
        if (wants_keyboard(report.value)) {
          take_keyboard();
          tell(OrderKind::kContinue, 0);
        } else {
          stop_with_command();
        }
        break;
      case ReportKind::kContinued: break;
      case ReportKind::kExited:
        status_ = report.value;
        masks_.end();
        break;
    }
    return {};
  }

  // A command in a pipeline reads the terminal, or sets it, for the first time.
  bool wants_keyboard(int signal) const {
    return terminal_ && !streams_.reads_keyboard() && (stdio_.terminals & 1U) != 0 &&
           (signal == SIGTTIN || signal == SIGTTOU);
  }

  void note(const Report& report) const {
    if (!hooks_.on_event) return;
    if (const auto event = event_of(plan_, report)) hooks_.on_event(*event);
  }

  void start_background() {
    if (!background_) return;
    if (auto started = BackgroundWork::start(background_)) at_work_.emplace(std::move(*started));
  }

  template <class Action>
  const Action* find_step() const {
    for (const Step& step : plan_.steps)
      if (const auto* action = std::get_if<Action>(&step.action)) return action;
    return nullptr;
  }

  Status hand_over_secrets() {
    if (hooks_.secrets == nullptr)
      return Error{ErrorKind::kInternal, 0, "the plan delivers secrets but nobody has any"};
    return hand_to_child(child_->control(), TRY(hooks_.secrets->take()));
  }

  void tell(OrderKind kind, int value) const { tell_child(child_->control(), kind, value); }

  Status take_terminal(UniqueFd master) {
    master_ = std::move(master);
    (void)::fcntl(master_.get(), F_SETFL, O_RDWR | O_NONBLOCK);
    int shown = 1;
    while (shown < 3 && (stdio_.terminals & (1U << shown)) == 0) ++shown;
    const int terminal = hooks_.stdio[shown == 3 ? 0 : shown];
    terminal_.emplace(terminal);
    const bool input = (stdio_.terminals & 1U) != 0;
    const bool raw = input && (stdio_.terminals & 2U) != 0;
    set_up_inner_terminal(terminal, master_.get(), raw ? LineMode::kInside : LineMode::kOutside);
    if (raw) terminal_->make_raw();
    terminal_->copy_size_to(master_.get());
    streams_.show(master_.get(), terminal);
    if (raw) take_keyboard();
    tell(OrderKind::kTerminalReady, 0);
    return {};
  }

  void take_keyboard() { streams_.read_keyboard(hooks_.stdio[0], master_.get()); }

  void take_signals() {
    while (const int signal = signals_->next()) {
      // A remote caller stands in the same process group and forwards what the terminal sent to all of it.
      const bool ours = hooks_.remote_signals < 0 || signal == SIGWINCH || signal == SIGCONT;
      if (ours) take_signal(signal);
    }
  }

  void take_signal(int signal) {
    if (signal == SIGWINCH) {
      if (terminal_) terminal_->copy_size_to(master_.get());
    } else if (signal == SIGCONT) {
      resume();
    } else if (control_ended_) {
      // The command is gone and its output waits for a reader who does not read: enough.
      if (signal != SIGTERM && signal != SIGINT && signal != SIGHUP) return;
      gave_up_ = true;
      given_up_by_ = signal;
    } else if (!running_ && (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)) {
      // The command may run already, with pid 1 about to say so.
      if (!early_) early_ = EarlySignal{signal, sys::monotonic_ms() + kStartPatienceMs};
    } else {
      asked_to_stop_ = asked_to_stop_ || signal == SIGTSTP;
      tell(OrderKind::kSignal, signal);
    }
  }

  void take_remote_signal() {
    int32_t signal = 0;
    const ssize_t n = ::recv(hooks_.remote_signals, &signal, sizeof signal, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n == static_cast<ssize_t>(sizeof signal) && signal == kBeginTimeAnew) {
      if (deadline_ && !time_limit_) deadline_ = lease_clock_ms() + request_.policy.limits.timeout_ms.value_or(0);
    } else if (n == static_cast<ssize_t>(sizeof signal)) {
      take_signal(signal);
    } else {
      end_with("whoever asked for this run is gone");
    }
  }

  void end_with(const char* why) { failure_ = LaunchFailure{{ErrorKind::kLaunch, 0, why}}; }

  // The command stopped: so does whoever waits for it, with the terminal as it was. Goes on with SIGCONT. Where neither
  // a terminal nor a signal to us is the cause there is no job control to take part in, and time limits must go on.
  void stop_with_command() {
    if (!terminal_ && !asked_to_stop_) return;
    asked_to_stop_ = false;
    if (!terminal_ && hooks_.remote_signals >= 0) {
      if (hooks_.on_event) hooks_.on_event(Stopped{});  // whoever waits is another process, and continues us by signal
      return;
    }
    const bool owns_terminal = terminal_.has_value();
    if (terminal_) terminal_->restore();
    (void)::kill(owns_terminal ? 0 : ::getpid(), SIGSTOP);
    resume();
  }

  void resume() {
    if (terminal_ && (stdio_.terminals & 3U) == 3U) terminal_->make_raw();
    if (terminal_) terminal_->copy_size_to(master_.get());
    if (running_ && !control_ended_) tell(OrderKind::kContinue, 0);
  }

  void watch_time(int64_t now) {
    if (early_ && now >= early_->until) {
      failure_ = LaunchFailure{
          {ErrorKind::kLaunch, 0, cat("interrupted by signal ", early_->signal, " before the command was started")}};
    }
    const int64_t lease_now = lease_clock_ms();
    if (!deadline_ || lease_now < *deadline_) return;
    if (!time_limit_) {
      time_limit_ = true;
      tell(OrderKind::kSignal, SIGTERM);
      tell(OrderKind::kContinue, 0);  // a stopped command could not end
      deadline_ = lease_now + request_.policy.limits.grace_ms;
    } else if (!killed_) {
      killed_ = true;
      child_->kill_all();
      deadline_ = lease_now + request_.policy.limits.grace_ms;
    } else {
      gave_up_ = true;  // the output waits for a reader who does not read
    }
  }

  std::expected<Outcome, LaunchFailure> finish() {
    child_->reap();
    Outcome outcome{.time_limit = time_limit_};
    if (status_) {
      outcome.signal = WIFSIGNALED(*status_) ? WTERMSIG(*status_) : 0;
      outcome.exit_code = outcome.signal != 0 ? 128 + outcome.signal : WEXITSTATUS(*status_);
    } else if (!time_limit_) {
      return std::unexpected(LaunchFailure{
          {ErrorKind::kLaunch, 0, "the sandbox ended without a word (killed from outside, or out of memory)"}});
    }
    if (given_up_by_ != 0) {
      outcome.signal = given_up_by_;
      outcome.exit_code = 128 + given_up_by_;
    }
    if (time_limit_) outcome.exit_code = 124;
    if (gave_up_ && !streams_.all_written() && hooks_.on_event)
      hooks_.on_event(Remark{"the end of the output is lost: nobody read it"});
    if (trace_ != nullptr) outcome.trace = trace_rows(plan_, child_->frozen_launch().plan(), trace_);
    if (hooks_.on_event) hooks_.on_event(Ended{outcome.exit_code, outcome.signal, outcome.time_limit, outcome.trace});
    return outcome;
  }

  const LaunchPlan& plan_;
  const LaunchRequest& request_;
  const LaunchHooks& hooks_;
  const Stdio& stdio_;
  Streams streams_;
  MaskKeeper masks_;
  const std::function<void()>& background_;
  std::optional<BackgroundWork> at_work_;

  UniqueFd master_;
  std::optional<CallerTerminal> terminal_;
  std::optional<Cgroup> cgroup_;
  std::optional<Covers> covers_;
  uint64_t* trace_ = nullptr;

  SignalGate* signals_ = nullptr;
  Spawned* child_ = nullptr;
  std::optional<LaunchFailure> failure_;
  std::optional<int> status_;
  std::optional<int64_t> deadline_;  // by lease_clock_ms()
  struct EarlySignal {
    int signal;
    int64_t until;
  };
  std::optional<EarlySignal> early_;
  bool time_limit_ = false;
  bool running_ = false;
  bool control_ended_ = false;
  bool gave_up_ = false;
  int given_up_by_ = 0;  // a signal
  bool killed_ = false;
  bool asked_to_stop_ = false;
};

}  // namespace

std::expected<Outcome, LaunchFailure> run(const RunInput& input) { return Run(input).go(); }

}  // namespace confide::launcher
