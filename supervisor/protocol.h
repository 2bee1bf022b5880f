// How the supervisor of a credentialed run is started and what it says. The spawner gives it these descriptors, an
// empty environment and no arguments; 0, 1 and 2 are the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "policy/policy.h"
#include "policy/reference.h"

namespace confide::supervisor {

inline constexpr int kBrokerFd = 3;      // SOCK_SEQPACKET to the broker: one byte of ToBroker; the secrets come back
inline constexpr int kCallerFd = 4;      // SOCK_SEQPACKET to the CLI: int32 signals in, RunMessages out
inline constexpr int kRequestFd = 5;     // memfd: launcher::encode(LaunchRequest), without secrets
inline constexpr int kAssignmentFd = 6;  // memfd: encode(Assignment)

// On kCallerFd, instead of a signal: the lease begins anew (launcher::kBeginTimeAnew).
inline constexpr int32_t kRenewLease = 1000;

enum class ToBroker : uint8_t {
  kStanding = 'S',    // the child is complete: send the delivery block and its descriptors (by SCM_RIGHTS)
  kHandedOver = 'H',  // the command has been executed: wipe
};

// What a run's output does with a value: concealed where it is printed, or left alone (APP_MODE=staging).
enum class Shown : uint8_t { kConcealed, kPlain };
// A secret of the run: its name and its way in.
struct SlotText {
  std::string name;
  policy::Deliver deliver = policy::Deliver::kEnv;
  std::string origin;
  Shown shown = Shown::kConcealed;
  std::string path = {};  // kFile: where it appears besides /run/secrets/NAME, absolute; empty: nowhere
};
enum class Masking : uint8_t { kOn, kOff };  // kOff: a person asked for it
enum class Tracing : uint8_t { kOff, kOn };  // kOn: the run ends with a TraceMessage
// What was done, and when: CLOCK_MONOTONIC, the same for every process.
struct Lap {
  std::string what;
  int64_t at_ns = 0;
};
Lap lap(std::string what);  // now
enum class Task : uint8_t {
  kRun,       // launch the request
  kMask,      // copy 0 to 1, masked; there is no request
  kProvider,  // call a provider's program for the broker, which is the caller here; there is no request
};
// What a provider's program is called with. Variables, some of which hold credentials, come as deliveries.
enum class Hold : uint8_t { kSandbox, kNothing };
struct ProviderOrder {
  std::string program;  // a name that is looked for in `path`, or a path
  std::vector<std::string> arguments;
  std::string path;  // the person's PATH
  std::string home;
  Hold hold = Hold::kSandbox;
  bool network = false;
  std::vector<std::string> reads;  // absolute
  std::vector<std::string> writes;
  uint32_t timeout_ms = 0;  // 0: none (in a sandbox only)
};
struct Assignment {
  Task task = Task::kRun;
  Masking masking = Masking::kOn;
  Tracing tracing = Tracing::kOff;
  std::vector<SlotText> slots;
  std::vector<std::string> parts;  // names of values inside others, concealed too
  ProviderOrder provider;          // kProvider
};
std::string encode(const Assignment& assignment);
Result<Assignment> decode_assignment(std::string_view bytes);

struct LayerText {
  policy::Layer layer = policy::Layer::kNamespaces;
  bool applied = false;
  std::string note;
};
struct PlannedMessage {
  std::vector<LayerText> layers;
};
struct StartedMessage {
  int32_t pid = 0;
};
struct LayerLostMessage {  // during the launch, where the plan could not know it
  policy::Layer layer = policy::Layer::kNamespaces;
  std::string note;
};
struct NoteMessage {  // a mask renewed
  std::string text;
};
struct MaskedMessage {  // how often a secret was concealed in one form on one stream
  std::string name;
  std::string form;
  std::string stream;
  uint64_t times = 0;
};
struct StoppedMessage {};  // by a signal that the CLI sent: it stops itself, and sends SIGCONT when it goes on
struct WarningMessage {
  std::string text;
};
struct StepTime {
  std::string step;
  int64_t ns = 0;
};
struct TraceMessage {  // before the end, where it was asked for
  std::vector<Lap> laps;
  std::vector<StepTime> steps;  // of the child
};
struct EndedMessage {
  int32_t exit_code = 0;
  int32_t signal = 0;
  bool time_limit = false;
};
struct FailedMessage {
  ErrorKind kind = ErrorKind::kInternal;
  int32_t errnum = 0;
  std::string what;
};
using RunMessage = std::variant<PlannedMessage, StartedMessage, LayerLostMessage, NoteMessage, MaskedMessage,
                                StoppedMessage, WarningMessage, TraceMessage, EndedMessage, FailedMessage>;

std::string encode(const RunMessage& message);
Result<RunMessage> decode_message(std::string_view bytes);

}  // namespace confide::supervisor
