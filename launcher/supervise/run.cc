#include "launcher/supervise/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/fd_message.h"
#include "base/sys.h"
#include "base/text.h"
#include "launcher/child/control.h"
#include "launcher/child/delivery_block.h"
#include "launcher/plan/explain.h"
#include "launcher/supervise/background.h"
#include "launcher/supervise/cgroup.h"
#include "launcher/supervise/covers.h"
#include "launcher/supervise/descendants.h"
#include "launcher/supervise/mask_again.h"
#include "launcher/supervise/relay.h"
#include "launcher/supervise/signals.h"
#include "launcher/supervise/terminal.h"

namespace confide::launcher {
namespace {

using child::Order;
using child::OrderKind;
using child::Report;
using child::ReportKind;

constexpr int kPipeBytes = 256 << 10;

// Most commands are over before: they pay nothing for a watch. It begins with a look at what has changed meanwhile.
constexpr int64_t kUnwatchedMs = 20;
// A signal that comes while the command is being started waits for it so long; then it ends the launch.
constexpr int64_t kStartPatienceMs = 250;

int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

Error exec_error(const std::string& command, int errnum) {
  const std::string name = printable(command);
  if (errnum == ENOENT) return {ErrorKind::kNotFound, 0, cat(name, ": command not found inside the sandbox")};
  if (errnum == ELIBACC)
    return {ErrorKind::kNotExecutable, 0,
            cat(name, ": its interpreter (the #! line, or a program's loader) is not there inside the sandbox")};
  return {ErrorKind::kNotExecutable, errnum, cat(name, ": cannot be executed inside the sandbox")};
}

bool is_null_device(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == makedev(1, 3);
}

class Run {
 public:
  explicit Run(const RunInput& input)
      : plan_(input.plan),
        request_(input.request),
        hooks_(input.hooks),
        stdio_(input.stdio),
        masks_(input.masks),
        background_(input.background) {}

  std::expected<Outcome, RunFailure> go() {
    if (auto prepared = prepare(); !prepared) return std::unexpected(RunFailure{prepared.error(), {}, 0});
    auto gate = SignalGate::create();
    if (!gate) return std::unexpected(RunFailure{gate.error(), {}, 0});
    signals_ = &*gate;
    auto spawned = spawn(
        {plan_, {stdio_for_child_[0], stdio_for_child_[1], stdio_for_child_[2]}, trace_, cgroup_ ? cgroup_->fd() : -1});
    if (!spawned)
      return std::unexpected(RunFailure{spawned.error().error, spawned.error().disproved, spawned.error().errnum});
    child_ = &*spawned;
    for (UniqueFd& end : child_ends_) end.reset();
    if (request_.policy.limits.timeout_ms) deadline_ = now_ms() + *request_.policy.limits.timeout_ms;
    const Status looped = loop();
    child_->kill_all();
    if (terminal_) terminal_->restore();
    at_work_.reset();
    if (!has_own_pid_namespace()) end_descendants();
    if (covers_) {
      child_->reap();  // so that nobody is left to make what the covers keep from being made
      covers_.reset();
    }
    if (failure_) return std::unexpected(*failure_);
    if (!looped) return std::unexpected(RunFailure{looped.error(), {}, 0});
    return finish();
  }

 private:
  bool has_own_pid_namespace() const {
    const auto* clone = std::get_if<CloneStep>(&plan_.steps.front().action);
    return clone != nullptr && clone->namespaces != 0;
  }

  // What must exist before the clone: pipes for a filter, trace memory, the cgroup.
  Status prepare() {
    for (int n = 0; n < 3; ++n) stdio_for_child_[n] = stdio_.fds[n];
    if (hooks_.filter != nullptr) {
      for (const int n : {1, 2}) {
        if (stdio_.fds[n] < 0 || is_null_device(stdio_.fds[n])) continue;
        auto pipe = TRY(sys::pipe());
        // Fewer turns between the command and us; where the uid's share of pipe memory is used up it stays as it is.
        (void)::fcntl(pipe.read.get(), F_SETPIPE_SZ, kPipeBytes);
        stdio_for_child_[n] = pipe.write.get();
        output_relays_.emplace_back(pipe.read.get(), stdio_.fds[n], hooks_.filter,
                                    n == 1 ? Stream::kOutput : Stream::kError);
        child_ends_.push_back(std::move(pipe.write));
        our_ends_.push_back(std::move(pipe.read));
      }
    }
    if (!has_own_pid_namespace()) (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (hooks_.trace == Trace::kOn) {
      constexpr size_t kSlots = 1024;
      void* memory =
          ::mmap(nullptr, kSlots * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      if (memory != MAP_FAILED) trace_ = static_cast<uint64_t*>(memory);
    }
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
                                    {watches_masks() ? masks_->fd() : -1, POLLIN, 0}};
      if (control_ended_) polled[0].fd = -1;
      for (Relay* relay : relays()) relay->prepare(polled);
      const int ready = ::poll(polled.data(), polled.size(), poll_timeout());
      if (ready < 0 && errno != EINTR) return sys::errno_error("poll");
      if (ready > 0) {
        if (polled[0].revents != 0) TRY(hear_child());
        if (polled[1].revents != 0) take_signals();
        if (polled[2].revents != 0) take_remote_signal();
        if ((polled[3].revents & (POLLHUP | POLLERR)) != 0) end_with("the broker of this run is gone");
      }
      const int64_t now = now_ms();
      for (Relay* relay : relays()) TRY(relay->step(polled, now));
      close_what_nobody_reads();
      watch_time(now);
      if (watches_masks() && watch_at_ && now >= *watch_at_) begin_watch();
      if (watches_masks()) renew_masks(now);
    }
    return {};
  }

  bool finished() {
    if (failure_ || gave_up_) return true;
    if (!control_ended_) return false;
    if (!running_) return true;  // what never ran has printed nothing, and its filter may never be ready to say so
    for (Relay* relay : relays())
      if (relay != input_relay() && !relay->done()) return false;
    return true;
  }

  std::vector<Relay*> relays() {
    std::vector<Relay*> all;
    for (Relay& relay : output_relays_) all.push_back(&relay);
    if (input_) all.push_back(&*input_);
    return all;
  }
  Relay* input_relay() { return input_ ? &*input_ : nullptr; }

  // A reader that went away is felt by the command as it would be without us: SIGPIPE.
  void close_what_nobody_reads() {
    for (size_t i = 0; i < our_ends_.size(); ++i) {
      Relay& relay = output_relays_[i];
      if (!our_ends_[i].valid()) continue;
      if (relay.broken()) relay.abandon();
      if (!relay.done()) continue;
      our_ends_[i].reset();
      relay.let_go();
    }
  }

  int poll_timeout() {
    std::optional<int64_t> next = deadline_;
    const auto sooner = [&](std::optional<int64_t> wants) {
      if (wants && (!next || *wants < *next)) next = wants;
    };
    for (Relay* relay : relays()) sooner(relay->deadline_ms());
    if (watches_masks()) sooner(watch_at_ ? watch_at_ : masks_->deadline_ms());
    if (!next) return -1;
    return static_cast<int>(std::clamp<int64_t>(*next - now_ms(), 0, 60'000));
  }

  Status hear_child() {
    Report report{};
    iovec part{&report, sizeof report};
    alignas(cmsghdr) unsigned char space[CMSG_SPACE(sizeof(int))];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = space;
    header.msg_controllen = sizeof space;
    const ssize_t n = ::recvmsg(child_->control(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (n != static_cast<ssize_t>(sizeof report)) {
      control_ended_ = true;
      return {};
    }
    UniqueFd passed;
    if (const cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr && rights->cmsg_type == SCM_RIGHTS)
      passed.reset(*reinterpret_cast<const int*>(CMSG_DATA(rights)));
    return act_on(report, std::move(passed));
  }

  Status act_on(const Report& report, UniqueFd passed) {
    switch (report.kind) {
      case ReportKind::kNeedMaps: break;  // written as soon as the clone was there
      case ReportKind::kNote: note(report); break;
      case ReportKind::kFailed: fail(report); break;
      case ReportKind::kStanding: return hand_over_secrets();
      case ReportKind::kTerminal: TRY(take_terminal(std::move(passed))); break;
      case ReportKind::kRunning:
        running_ = true;
        if (early_) tell(OrderKind::kSignal, early_->signal);
        early_.reset();
        let_go_of_streams();
        if (hooks_.secrets != nullptr) hooks_.secrets->handed_over();
        if (hooks_.on_event) hooks_.on_event(Started{child_->pid()});
        namespace_ = std::move(passed);
        if (watches_masks()) watch_at_ = now_ms() + kUnwatchedMs;
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
        namespace_.reset();  // so that it ends with the sandbox, not with this process
        break;
    }
    return {};
  }

  // What the command alone reads and writes from now on: its other sides shall see when the command closes it.
  void let_go_of_streams() const {
    for (const int n : {0, 1}) {
      const bool relayed = (stdio_.terminals & (1U << n)) != 0 || (n == 1 && hooks_.filter != nullptr);
      if (!relayed && hooks_.stdio[n] == n) sys::let_go_of(n);  // a library caller keeps what it handed over
    }
  }

  // A command in a pipeline reads the terminal, or sets it, for the first time.
  bool wants_keyboard(int signal) const {
    return terminal_ && !input_ && (stdio_.terminals & 1U) != 0 && (signal == SIGTTIN || signal == SIGTTOU);
  }

  void note(const Report& report) const {
    if (!hooks_.on_event || report.step >= plan_.steps.size()) return;
    const Step& step = plan_.steps[report.step];
    const std::string what = step_error(plan_, report.step, report.value);
    if (step.layer)
      hooks_.on_event(LayerLost{*step.layer, what});
    else if (std::holds_alternative<WatchStep>(step.action))
      hooks_.on_event(Remark{cat("masked files are not watched: ", what)});
    else if (std::holds_alternative<CoverStep>(step.action))
      hooks_.on_event(Remark{cat("what is not there could be made: ", what)});
  }

  void fail(const Report& report) {
    const bool exec = report.step + 1 == plan_.steps.size();
    Error error = exec ? exec_error(request_.command.argv.front(), report.value)
                       : Error{ErrorKind::kLaunch, 0,
                               cat("nothing was launched: ", step_error(plan_, report.step, report.value))};
    const auto layer = report.step < plan_.steps.size() ? plan_.steps[report.step].layer : std::nullopt;
    failure_ = RunFailure{std::move(error), exec ? std::nullopt : layer, report.value};
  }

  void start_background() {
    if (!background_) return;
    if (auto started = BackgroundWork::start(background_)) at_work_.emplace(std::move(*started));
  }

  void begin_watch() {
    watch_at_.reset();
    const auto begun = masks_->begin();
    if (begun) return;
    if (hooks_.on_event) hooks_.on_event(Remark{cat("masked files are not watched: ", to_text(begun.error()))});
    masks_ = nullptr;
  }

  // Only once the command runs: before, the namespace is not yet what the sandbox will see.
  bool watches_masks() const { return masks_ != nullptr && namespace_.valid() && !control_ended_; }

  void renew_masks(int64_t now) {
    const auto* watch = find_step<WatchStep>();
    const std::vector<std::string> paths = masks_->changed(now);
    if (watch == nullptr || paths.empty()) return;
    std::vector<MaskAgain> orders;
    for (const std::string& path : paths) orders.push_back({path, file_over(path).value_or(watch->empty)});
    const auto outcomes = mask_again(namespace_.get(), orders);
    for (size_t i = 0; i < paths.size(); ++i) {
      const MaskOutcome outcome = outcomes ? (*outcomes)[i] : MaskOutcome::kFailed;
      if (outcome == MaskOutcome::kAlready || outcome == MaskOutcome::kGone) continue;
      const std::string name = printable(paths[i]);
      if (watch->on_change == policy::Masks::OnChange::kEndRun) {
        failure_ = RunFailure{
            {ErrorKind::kRefused, 0,
             cat(name,
                 " is masked and appeared or was replaced during the run, which mask.on-change = \"end-run\" ends")},
            {},
            0};
      } else if (hooks_.on_event && outcome == MaskOutcome::kMasked) {
        hooks_.on_event(MaskRenewed{paths[i]});
      } else if (hooks_.on_event) {
        hooks_.on_event(Remark{cat(name, " appeared or was replaced during the run, and could not be masked again")});
      }
    }
  }

  // Where a secret's file stands over what is masked, that is put there again.
  std::optional<std::string> file_over(const std::string& path) const {
    for (const Step& step : plan_.steps)
      if (const auto* view = std::get_if<ViewStep>(&step.action); view != nullptr && view->target == path)
        return view->source;
    return {};
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
    const std::vector<UniqueFd> fds = TRY(hooks_.secrets->take());
    std::vector<int> numbers;
    for (const UniqueFd& fd : fds) numbers.push_back(fd.get());
    const Order order{OrderKind::kSecrets, 0};
    return sys::send_message(child_->control(), {reinterpret_cast<const char*>(&order), sizeof order}, numbers);
  }

  void tell(OrderKind kind, int value) const {
    const Order order{kind, value};
    (void)::send(child_->control(), &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  Status take_terminal(UniqueFd master) {
    master_ = std::move(master);
    (void)::fcntl(master_.get(), F_SETFL, O_RDWR | O_NONBLOCK);
    int shown = 1;
    while (shown < 3 && (stdio_.terminals & (1U << shown)) == 0) ++shown;
    const int terminal = hooks_.stdio[shown == 3 ? 0 : shown];
    terminal_.emplace(terminal);
    const bool input = (stdio_.terminals & 1U) != 0;
    const bool raw = input && (stdio_.terminals & 2U) != 0;
    set_up_inner_terminal(terminal, raw);
    if (raw) terminal_->make_raw();
    terminal_->copy_size_to(master_.get());
    output_relays_.emplace_back(master_.get(), terminal, hooks_.filter, Stream::kTerminal);
    if (raw) take_keyboard();
    tell(OrderKind::kTerminalReady, 0);
    return {};
  }

  void take_keyboard() { input_.emplace(hooks_.stdio[0], master_.get(), nullptr, Stream::kTerminal); }

  // The sandbox's terminal starts with the caller's settings. Where the caller's stays in line mode it does the echo
  // and the line ends, so the inner one must not.
  void set_up_inner_terminal(int terminal, bool raw) const {
    termios settings{};
    if (::tcgetattr(terminal, &settings) != 0) return;
    if (!raw) {
      settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
    }
    (void)::tcsetattr(master_.get(), TCSANOW, &settings);
  }

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
      if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP) gave_up_ = true;
    } else if (!running_ && (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)) {
      // The command may run already, with pid 1 about to say so.
      if (!early_) early_ = EarlySignal{signal, now_ms() + kStartPatienceMs};
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
      if (deadline_ && !time_limit_) deadline_ = now_ms() + request_.policy.limits.timeout_ms.value_or(0);
    } else if (n == static_cast<ssize_t>(sizeof signal)) {
      take_signal(signal);
    } else {
      end_with("whoever asked for this run is gone");
    }
  }

  void end_with(const char* why) { failure_ = RunFailure{{ErrorKind::kLaunch, 0, why}, {}, 0}; }

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
      failure_ = RunFailure{
          {ErrorKind::kLaunch, 0, cat("interrupted by signal ", early_->signal, " before the command was started")},
          {},
          0};
    }
    if (!deadline_ || now < *deadline_) return;
    if (!time_limit_) {
      time_limit_ = true;
      tell(OrderKind::kSignal, SIGTERM);
      tell(OrderKind::kContinue, 0);  // a stopped command could not end
      deadline_ = now + request_.policy.limits.grace_ms;
    } else if (!killed_) {
      killed_ = true;
      child_->kill_all();
      deadline_ = now + request_.policy.limits.grace_ms;
    } else {
      gave_up_ = true;  // the output waits for a reader who does not read
    }
  }

  std::expected<Outcome, RunFailure> finish() {
    child_->reap();
    Outcome outcome{.time_limit = time_limit_};
    if (status_) {
      outcome.signal = WIFSIGNALED(*status_) ? WTERMSIG(*status_) : 0;
      outcome.exit_code = outcome.signal != 0 ? 128 + outcome.signal : WEXITSTATUS(*status_);
    } else if (!time_limit_) {
      return std::unexpected(RunFailure{
          {ErrorKind::kLaunch, 0, "the sandbox ended without a word (killed from outside, or out of memory)"}, {}, 0});
    }
    if (time_limit_) outcome.exit_code = 124;
    outcome.trace = trace_rows();
    if (hooks_.on_event) hooks_.on_event(Ended{outcome.exit_code, outcome.signal, outcome.time_limit, outcome.trace});
    return outcome;
  }

  // How long each step took, from the times at which its operations began.
  std::vector<TraceRow> trace_rows() const {
    std::vector<TraceRow> rows;
    if (trace_ == nullptr) return rows;
    const child::FrozenPlan& frozen = child_->frozen_launch().plan();
    for (size_t i = 0; i < frozen.op_count; ++i) {
      const StepText text = describe(plan_.steps[frozen.ops[i].step].action);
      const double took = static_cast<double>(trace_[i + 1] - trace_[i]) / 1000.0;
      const std::string name = cat(text.verb, " ", text.text);
      if (!rows.empty() && rows.back().step == name)
        rows.back().microseconds += took;
      else
        rows.push_back({name, took});
    }
    return rows;
  }

  const LaunchPlan& plan_;
  const LaunchRequest& request_;
  const LaunchHooks& hooks_;
  const Stdio& stdio_;
  MaskWatch* masks_;
  const std::function<void()>& background_;
  std::optional<int64_t> watch_at_;
  UniqueFd namespace_;  // the sandbox's mount namespace, where masks are watched
  std::optional<BackgroundWork> at_work_;

  int stdio_for_child_[3] = {0, 1, 2};
  std::vector<UniqueFd> child_ends_;
  std::vector<UniqueFd> our_ends_;  // of the filter's pipes; output_relays_ begins with theirs, in the same order
  std::vector<Relay> output_relays_;
  std::optional<Relay> input_;
  UniqueFd master_;
  std::optional<CallerTerminal> terminal_;
  std::optional<Cgroup> cgroup_;
  std::optional<Covers> covers_;
  uint64_t* trace_ = nullptr;

  SignalGate* signals_ = nullptr;
  Spawned* child_ = nullptr;
  std::optional<RunFailure> failure_;
  std::optional<int> status_;
  std::optional<int64_t> deadline_;
  struct EarlySignal {
    int signal;
    int64_t until;
  };
  std::optional<EarlySignal> early_;
  bool time_limit_ = false;
  bool running_ = false;
  bool control_ended_ = false;
  bool gave_up_ = false;
  bool killed_ = false;
  bool asked_to_stop_ = false;
};

}  // namespace

std::expected<Outcome, RunFailure> run(const RunInput& input) { return Run(input).go(); }

}  // namespace confide::launcher
