#include "broker/store_protocol.h"

#include "policy/archive.h"

namespace confide::broker {

using archive::Like;

constexpr ValueFrom last_value(ValueFrom) { return ValueFrom::kGenerator; }
constexpr SetSecret::Mode last_value(SetSecret::Mode) { return SetSecret::Mode::kRotate; }
constexpr Disclose::To last_value(Disclose::To) { return Disclose::To::kScript; }
constexpr Inject::Disk last_value(Inject::Disk) { return Inject::Disk::kAllowed; }
constexpr ImportEnvironment::Rewrite last_value(ImportEnvironment::Rewrite) { return ImportEnvironment::Rewrite::kYes; }
constexpr ImportedRow::What last_value(ImportedRow::What) { return ImportedRow::What::kLeft; }

inline auto fields(Like<MakeVault> auto& x) { return std::tie(x.key); }
inline auto fields(Like<DescribeVault> auto&) { return std::tie(); }
inline auto fields(Like<AcceptRestore> auto&) { return std::tie(); }
inline auto fields(Like<ChangeKey> auto& x) { return std::tie(x.key); }
inline auto fields(Like<CollectGarbage> auto& x) { return std::tie(x.keep); }
inline auto fields(Like<SetSecret> auto& x) { return std::tie(x.mode, x.name, x.from, x.generator, x.expires_seconds); }
inline auto fields(Like<ListSecrets> auto&) { return std::tie(); }
inline auto fields(Like<ShowSecret> auto& x) { return std::tie(x.name); }
inline auto fields(Like<RemoveSecret> auto& x) { return std::tie(x.name); }
inline auto fields(Like<Disclose> auto& x) { return std::tie(x.reference, x.to); }
inline auto fields(Like<Inject> auto& x) { return std::tie(x.file, x.disk); }
inline auto fields(Like<ListEnvironments> auto&) { return std::tie(); }
inline auto fields(Like<ShowEnvironment> auto& x) { return std::tie(x.name); }
inline auto fields(Like<CreateEnvironment> auto& x) { return std::tie(x.name); }
inline auto fields(Like<SetVariables> auto& x) { return std::tie(x.environment, x.variables); }
inline auto fields(Like<RenameEnvironment> auto& x) { return std::tie(x.from, x.to); }
inline auto fields(Like<RemoveEnvironment> auto& x) { return std::tie(x.name, x.variables); }
inline auto fields(Like<ImportEnvironment> auto& x) { return std::tie(x.name, x.file, x.rewrite); }
inline auto fields(Like<PassedDescriptor> auto& x) { return std::tie(x.number, x.index); }
inline auto fields(Like<StoreRequest> auto& x) {
  return std::tie(x.operation, x.terminal, x.input, x.output, x.descriptors);
}

inline auto fields(Like<Done> auto&) { return std::tie(); }
inline auto fields(Like<VaultState> auto& x) {
  return std::tie(x.path, x.key, x.level_0, x.id, x.secrets, x.versions, x.writes);
}
inline auto fields(Like<Stored> auto& x) { return std::tie(x.name, x.version); }
inline auto fields(Like<VersionRow> auto& x) { return std::tie(x.number, x.created, x.size); }
inline auto fields(Like<SecretRow> auto& x) {
  return std::tie(x.name, x.kept, x.versions, x.expires, x.generator, x.users);
}
inline auto fields(Like<SecretRows> auto& x) { return std::tie(x.secrets); }
inline auto fields(Like<CollectedRows> auto& x) { return std::tie(x.versions, x.files); }
inline auto fields(Like<VariableRow> auto& x) { return std::tie(x.name, x.reference, x.deliver, x.path); }
inline auto fields(Like<EnvironmentRow> auto& x) { return std::tie(x.name, x.file, x.variables); }
inline auto fields(Like<EnvironmentRows> auto& x) { return std::tie(x.environments); }
inline auto fields(Like<ImportedRow> auto& x) { return std::tie(x.name, x.reference, x.what); }
inline auto fields(Like<Imported> auto& x) { return std::tie(x.variables, x.rewritten); }
inline auto fields(Like<StoreReply> auto& x) { return std::tie(x.answer, x.notes); }

namespace {
constexpr uint16_t kRequestKind = 0x5153;  // "SQ"
constexpr uint16_t kReplyKind = 0x5253;    // "SR"
constexpr uint16_t kVersion = 1;
}  // namespace

std::string encode(const StoreRequest& request) { return archive::seal(kRequestKind, kVersion, request); }
Result<StoreRequest> decode_store_request(std::string_view bytes) {
  return archive::open<StoreRequest>(kRequestKind, kVersion, bytes);
}
std::string encode(const StoreReply& reply) { return archive::seal(kReplyKind, kVersion, reply); }
Result<StoreReply> decode_store_reply(std::string_view bytes) {
  return archive::open<StoreReply>(kReplyKind, kVersion, bytes);
}

}  // namespace confide::broker
