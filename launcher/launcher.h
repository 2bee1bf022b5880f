// Launching a command in a sandbox and staying with it to its end: the whole of the launcher behind one function.
//
//   LaunchRequest request{.policy = …, .caller = …, .command = {{"make"}, environment}};
//   Outcome outcome = TRY(launch(request, {}));
//   return outcome.exit_code;
//
// The calling process must be single-threaded; it becomes undumpable, blocks the signals that it forwards, and is the
// parent of the sandbox until the end. Killing it ends the sandbox.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/output_filter.h"
#include "launcher/plan/build.h"

namespace confide::launcher {

struct LaunchRequest {
  policy::Policy policy;
  HostFacts host;
  Caller caller;
  Command command;
  std::vector<SecretSlot> secrets;
};

// What happens during a run, as it happens (`--status-fd`).
struct Planned {
  const LaunchPlan& plan;
};
struct Started {
  int sandbox_pid;  // pid 1 of the sandbox, as the launcher's namespace numbers it
};
struct LayerLost {  // during the launch, where the plan could not know it
  policy::Layer layer;
  std::string note;
};
struct MaskRenewed {  // a masked name appeared or lost its mask, and is masked again
  std::string path;
};
struct Stopped {};  // the command, by a signal of the remote caller's, who stops too and later sends SIGCONT
struct Remark {     // what a person should know, one line
  std::string text;
};
struct TraceRow {
  std::string step;
  double microseconds = 0;
};
struct Ended {
  int exit_code;
  int signal;  // 0: none
  bool time_limit;
  std::vector<TraceRow> trace = {};
};
using Event = std::variant<Planned, Started, LayerLost, MaskRenewed, Stopped, Remark, Ended>;

// What one secret-carrying launch needs; asked for only once the child stands.
class SecretSource {
 public:
  virtual ~SecretSource() = default;
  // The delivery block, then one descriptor per `fd` and `stdin` delivery in the block's order.
  virtual Result<std::vector<UniqueFd>> take() = 0;
  // The command has been executed: whatever is left of the values can be wiped.
  virtual void handed_over() = 0;
};

// On LaunchHooks::remote_signals, instead of a signal: the time limit begins anew.
inline constexpr int32_t kBeginTimeAnew = 1000;

enum class Trace : uint8_t { kOff, kOn };

struct LaunchHooks {
  std::function<void(const Event&)> on_event;
  OutputFilter* filter = nullptr;
  SecretSource* secrets = nullptr;
  int stdio[3] = {0, 1, 2};  // the caller's
  // A socket on which int32 signal numbers arrive (a credentialed run's CLI); its end ends the run. -1: the process
  // takes signals itself.
  int remote_signals = -1;
  int lifeline = -1;  // a socket whose end ends the run (the broker's)
  Trace trace = Trace::kOff;
};

struct Outcome {
  int exit_code = 0;
  int signal = 0;
  bool time_limit = false;
  std::vector<TraceRow> trace;
};

// Errors: kUnsupported (a required layer is missing), kLaunch (names the step), kNotFound, kNotExecutable, kRefused.
// Nothing of the command has run then.
Result<Outcome> launch(const LaunchRequest& request, const LaunchHooks& hooks);

// The plan that launch() would carry out, after looking at the files it names.
Result<LaunchPlan> plan_launch(const LaunchRequest& request);

// The file at a real path is masked in a run of this request, or would be if it were there.
bool would_mask(const LaunchRequest& request, const std::string& real_path);
// A file at or below a real path that a run would mask; empty: none.
std::string masked_file_in(const LaunchRequest& request, const std::string& real_path);

// For callers: who they are (launcher/host/survey.h).
Result<Caller> look_at_caller_from_environment();
Result<Caller> look_at_caller_from_account();
// The home that /etc/passwd gives to the caller, whatever HOME says; empty if none.
std::string home_of_account();
HostFacts host_facts();            // the hot path's
HostFacts host_facts_by_trying();  // doctor's

}  // namespace confide::launcher
