#include "supervisor/protocol.h"

#include "policy/wire_fields.h"

namespace confide {

constexpr ErrorKind last_value(ErrorKind) { return ErrorKind::kNotFound; }

namespace supervisor {

using archive::Like;

inline auto fields(Like<SlotText> auto& x) { return std::tie(x.name, x.deliver, x.origin); }
inline auto fields(Like<LayerText> auto& x) { return std::tie(x.layer, x.applied, x.note); }
inline auto fields(Like<PlannedMessage> auto& x) { return std::tie(x.layers); }
inline auto fields(Like<StartedMessage> auto& x) { return std::tie(x.pid); }
inline auto fields(Like<NoteMessage> auto& x) { return std::tie(x.text); }
inline auto fields(Like<EndedMessage> auto& x) { return std::tie(x.exit_code, x.signal, x.time_limit); }
inline auto fields(Like<FailedMessage> auto& x) { return std::tie(x.kind, x.errnum, x.what); }

namespace {
constexpr uint16_t kKind = 0x4D52;  // "RM"
constexpr uint16_t kSlotsKind = 0x4C53;  // "SL"
constexpr uint16_t kVersion = 1;
}  // namespace

std::string encode(const RunMessage& message) { return archive::seal(kKind, kVersion, message); }
Result<RunMessage> decode_message(std::string_view bytes) { return archive::open<RunMessage>(kKind, kVersion, bytes); }

std::string encode(const std::vector<SlotText>& slots) { return archive::seal(kSlotsKind, kVersion, slots); }
Result<std::vector<SlotText>> decode_slots(std::string_view bytes) {
  return archive::open<std::vector<SlotText>>(kSlotsKind, kVersion, bytes);
}

}  // namespace supervisor
}  // namespace confide
