// Calls of providers' programs: each by a supervisor of its own, all watched from one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
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
  // Where set, an output that ends with it is complete, and the program may live on: it is a resident.
  std::string mark;
  int64_t patience_ms = 0;  // how long until it must have answered, where `order` sets no time limit
};

class Flight;
// A program that has answered and is still owed its end (a lease that it renews).
class Resident {
 public:
  explicit Resident(std::unique_ptr<Flight> flight);
  Resident(Resident&&) noexcept;
  Resident& operator=(Resident&&) noexcept;
  ~Resident();  // ends it at once

 private:
  friend void end_residents(std::vector<Resident> residents);
  std::unique_ptr<Flight> flight_;
};
// Tells each to give back what it was lent (SIGTERM), and waits for that a few seconds at most.
void end_residents(std::vector<Resident> residents);

struct CallResult {
  secrets::SecretBuffer output;
  secrets::SecretBuffer error_text;
  supervisor::EndedMessage ended;
  std::optional<Error> failed;  // it was not called, or gave too much: kNotFound, kNotExecutable, kRefused, …
  std::optional<Resident> resident;
};

inline constexpr size_t kMaxCallsAtOnce = 16;
inline constexpr size_t kMaxProviderOutput = secrets::kMaxSecretBytes + (size_t{64} << 10);
inline constexpr size_t kMaxProviderErrors = size_t{32} << 10;

// One result per call, in order. Waits until all have ended; each has its own time limit, and the end of the broker's
// client (kClientFd) ends all.
std::vector<CallResult> run_calls(const Spawner& spawner, std::vector<Call> calls, secrets::SecretArena& arena);

}  // namespace confide::broker
