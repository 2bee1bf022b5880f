#include "broker/protocol.h"

#include "policy/wire_fields.h"

namespace confide {

constexpr ErrorKind last_value(ErrorKind) { return ErrorKind::kNotFound; }
namespace supervisor {
constexpr Shown last_value(Shown) { return Shown::kPlain; }
constexpr Masking last_value(Masking) { return Masking::kOff; }
constexpr Tracing last_value(Tracing) { return Tracing::kOn; }
inline auto fields(archive::Like<Lap> auto& x) { return std::tie(x.what, x.at_ns); }
inline auto fields(archive::Like<SlotText> auto& x) { return std::tie(x.name, x.deliver, x.origin, x.shown, x.path); }
}  // namespace supervisor

namespace broker {

using archive::Like;

constexpr Verb last_value(Verb) { return Verb::kTestProvider; }
constexpr ShellReferences last_value(ShellReferences) { return ShellReferences::kResolve; }
inline auto fields(Like<PassedFile> auto& x) { return std::tie(x.path, x.index); }
inline auto fields(Like<PassedTemplate> auto& x) { return std::tie(x.file, x.target); }
inline auto fields(Like<PassedDescriptor> auto& x) { return std::tie(x.number, x.index); }
inline auto fields(Like<Request> auto& x) {
  return std::tie(x.verb, x.masking, x.tracing, x.secrets, x.env_files, x.environments, x.known, x.templates, x.shell,
                  x.descriptors, x.terminal, x.cwd, x.project);
}
inline auto fields(Like<Described> auto& x) { return std::tie(x.secrets, x.warnings); }
inline auto fields(Like<Launched> auto& x) { return std::tie(x.warnings, x.names, x.laps); }
inline auto fields(Like<ProviderText> auto& x) {
  return std::tie(x.name, x.scheme, x.calls, x.confined, x.tested, x.installed);
}
inline auto fields(Like<ProviderList> auto& x) { return std::tie(x.rows); }
inline auto fields(Like<ProviderTested> auto& x) { return std::tie(x.name, x.meaning, x.text, x.works); }
inline auto fields(Like<ProviderTest> auto& x) { return std::tie(x.rows); }
inline auto fields(Like<Refused> auto& x) { return std::tie(x.kind, x.errnum, x.what, x.quoted); }
inline auto fields(Like<Answered> auto&) { return std::tie(); }

namespace {
constexpr uint16_t kRequestKind = 0x5142;  // "BQ"
constexpr uint16_t kReplyKind = 0x5242;    // "BR"
constexpr uint16_t kVersion = 5;
}  // namespace

std::string encode(const Request& request) { return archive::seal(kRequestKind, kVersion, request); }
Result<Request> decode_request(std::string_view bytes) { return archive::open<Request>(kRequestKind, kVersion, bytes); }
std::string encode(const Reply& reply) { return archive::seal(kReplyKind, kVersion, reply); }
Result<Reply> decode_reply(std::string_view bytes) { return archive::open<Reply>(kReplyKind, kVersion, bytes); }

}  // namespace broker
}  // namespace confide
