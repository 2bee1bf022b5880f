#include "broker/protocol.h"

#include "policy/archive.h"

namespace confide {

constexpr ErrorKind last_value(ErrorKind) { return ErrorKind::kNotFound; }
namespace policy {
constexpr Deliver last_value(Deliver) { return Deliver::kStdin; }
}  // namespace policy
namespace supervisor {
constexpr Shown last_value(Shown) { return Shown::kPlain; }
constexpr Masking last_value(Masking) { return Masking::kOff; }
inline auto fields(archive::Like<SlotText> auto& x) { return std::tie(x.name, x.deliver, x.origin, x.shown); }
}  // namespace supervisor

namespace broker {

using archive::Like;

constexpr Verb last_value(Verb) { return Verb::kTestProvider; }
inline auto fields(Like<PassedEnvFile> auto& x) { return std::tie(x.path, x.index); }
inline auto fields(Like<PassedDescriptor> auto& x) { return std::tie(x.number, x.index); }
inline auto fields(Like<Request> auto& x) { return std::tie(x.verb, x.masking, x.secrets, x.env_files, x.descriptors); }
inline auto fields(Like<Described> auto& x) { return std::tie(x.secrets, x.warnings); }
inline auto fields(Like<Launched> auto& x) { return std::tie(x.warnings, x.names); }
inline auto fields(Like<ProviderText> auto& x) {
  return std::tie(x.name, x.scheme, x.calls, x.confined, x.tested, x.installed);
}
inline auto fields(Like<ProviderList> auto& x) { return std::tie(x.rows); }
inline auto fields(Like<ProviderTested> auto& x) { return std::tie(x.name, x.meaning, x.text, x.works); }
inline auto fields(Like<ProviderTest> auto& x) { return std::tie(x.rows); }
inline auto fields(Like<Refused> auto& x) { return std::tie(x.kind, x.errnum, x.what); }

namespace {
constexpr uint16_t kRequestKind = 0x5142;  // "BQ"
constexpr uint16_t kReplyKind = 0x5242;    // "BR"
constexpr uint16_t kVersion = 1;
}  // namespace

std::string encode(const Request& request) { return archive::seal(kRequestKind, kVersion, request); }
Result<Request> decode_request(std::string_view bytes) { return archive::open<Request>(kRequestKind, kVersion, bytes); }
std::string encode(const Reply& reply) { return archive::seal(kReplyKind, kVersion, reply); }
Result<Reply> decode_reply(std::string_view bytes) { return archive::open<Reply>(kReplyKind, kVersion, bytes); }

}  // namespace broker
}  // namespace confide
