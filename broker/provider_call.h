// Calls of providers' programs: each by a supervisor of its own, all watched from one loop.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "broker/spawner.h"
#include "secrets/delivery.h"
#include "supervisor/protocol.h"

namespace confide::broker {

struct Call {
  supervisor::ProviderOrder order;
  std::vector<secrets::PreparedSecret> variables;  // its whole environment, and perhaps its standard input
  size_t lane = 0;                                 // calls of one lane run one after the other
};

struct CallResult {
  secrets::SecretBuffer output;
  secrets::SecretBuffer error_text;
  supervisor::EndedMessage ended;
  std::optional<Error> failed;  // it was not called, or gave too much: kNotFound, kNotExecutable, kRefused, …
};

inline constexpr size_t kMaxCallsAtOnce = 16;
inline constexpr size_t kMaxProviderOutput = secrets::kMaxSecretBytes + (size_t{64} << 10);
inline constexpr size_t kMaxProviderErrors = size_t{32} << 10;

// One result per call, in order. Waits until all have ended; each has its own time limit.
std::vector<CallResult> run_calls(const Spawner& spawner, std::vector<Call> calls, secrets::SecretArena& arena);

}  // namespace confide::broker
