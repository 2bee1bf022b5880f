#include "supervisor/protocol.h"

#include <time.h>

#include <utility>

#include "policy/wire_fields.h"

namespace confide {

constexpr ErrorKind last_value(ErrorKind) { return ErrorKind::kNotFound; }

namespace supervisor {

using archive::Like;

constexpr Shown last_value(Shown) { return Shown::kPlain; }
constexpr Masking last_value(Masking) { return Masking::kOff; }
constexpr Tracing last_value(Tracing) { return Tracing::kOn; }
constexpr Task last_value(Task) { return Task::kProvider; }
constexpr Hold last_value(Hold) { return Hold::kNothing; }
inline auto fields(Like<SlotText> auto& x) { return std::tie(x.name, x.deliver, x.origin, x.shown, x.path); }
inline auto fields(Like<ProviderOrder> auto& x) {
  return std::tie(x.program, x.arguments, x.path, x.home, x.hold, x.network, x.reads, x.writes, x.timeout_ms);
}
inline auto fields(Like<Assignment> auto& x) {
  return std::tie(x.task, x.masking, x.tracing, x.slots, x.parts, x.provider);
}
inline auto fields(Like<LayerText> auto& x) { return std::tie(x.layer, x.applied, x.note); }
inline auto fields(Like<PlannedMessage> auto& x) { return std::tie(x.layers); }
inline auto fields(Like<StartedMessage> auto& x) { return std::tie(x.pid); }
inline auto fields(Like<LayerLostMessage> auto& x) { return std::tie(x.layer, x.note); }
inline auto fields(Like<StoppedMessage> auto&) { return std::tie(); }
inline auto fields(Like<NoteMessage> auto& x) { return std::tie(x.text); }
inline auto fields(Like<MaskedMessage> auto& x) { return std::tie(x.name, x.form, x.stream, x.times); }
inline auto fields(Like<WarningMessage> auto& x) { return std::tie(x.text); }
inline auto fields(Like<Lap> auto& x) { return std::tie(x.what, x.at_ns); }
inline auto fields(Like<StepTime> auto& x) { return std::tie(x.step, x.ns); }
inline auto fields(Like<TraceMessage> auto& x) { return std::tie(x.laps, x.steps); }
inline auto fields(Like<EndedMessage> auto& x) { return std::tie(x.exit_code, x.signal, x.time_limit); }
inline auto fields(Like<FailedMessage> auto& x) { return std::tie(x.kind, x.errnum, x.what); }

namespace {
constexpr uint16_t kKind = 0x4D52;            // "RM"
constexpr uint16_t kAssignmentKind = 0x5341;  // "AS"
constexpr uint16_t kVersion = 5;
}  // namespace

Lap lap(std::string what) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return {std::move(what), now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

std::string encode(const RunMessage& message) { return archive::seal(kKind, kVersion, message); }
Result<RunMessage> decode_message(std::string_view bytes) { return archive::open<RunMessage>(kKind, kVersion, bytes); }

std::string encode(const Assignment& assignment) { return archive::seal(kAssignmentKind, kVersion, assignment); }
Result<Assignment> decode_assignment(std::string_view bytes) {
  return archive::open<Assignment>(kAssignmentKind, kVersion, bytes);
}

}  // namespace supervisor
}  // namespace confide
