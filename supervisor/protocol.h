// How the supervisor of a credentialed run is started and what it says. The spawner gives it these descriptors, an empty
// environment and no arguments; 0, 1 and 2 are the caller's.
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

inline constexpr int kBrokerFd = 3;   // SOCK_SEQPACKET to the broker: one byte of ToBroker; the secrets come back
inline constexpr int kCallerFd = 4;   // SOCK_SEQPACKET to the CLI: int32 signals in, RunMessages out
inline constexpr int kRequestFd = 5;  // memfd: launcher::encode(LaunchRequest), without secrets
inline constexpr int kSlotsFd = 6;    // memfd: encode(slots)

enum class ToBroker : uint8_t {
  kStanding = 'S',    // the child is complete: send the delivery block and its descriptors (by SCM_RIGHTS)
  kHandedOver = 'H',  // the command has been executed: wipe
};

// A secret of the run: its name and its way in.
struct SlotText {
  std::string name;
  policy::Deliver deliver = policy::Deliver::kEnv;
  std::string origin;
};
std::string encode(const std::vector<SlotText>& slots);
Result<std::vector<SlotText>> decode_slots(std::string_view bytes);

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
struct NoteMessage {  // a layer lost, a mask renewed
  std::string text;
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
using RunMessage = std::variant<PlannedMessage, StartedMessage, NoteMessage, EndedMessage, FailedMessage>;

std::string encode(const RunMessage& message);
Result<RunMessage> decode_message(std::string_view bytes);

}  // namespace confide::supervisor
