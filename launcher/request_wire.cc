#include "launcher/request_wire.h"

#include "policy/wire.h"
#include "policy/wire_fields.h"

namespace confide::launcher {

using archive::Like;

constexpr FileKind last_value(FileKind) { return FileKind::kOther; }
constexpr Privilege last_value(Privilege) { return Privilege::kRootAlone; }
inline auto fields(Like<Feature> auto& x) { return std::tie(x.available, x.why_not); }
inline auto fields(Like<HostFacts> auto& x) {
  return std::tie(x.kernel_release, x.landlock_abi, x.user_namespaces, x.own_proc, x.idmapped_mounts,
                  x.network_namespace, x.session_keyring, x.seccomp, x.cgroup, x.cgroup_why_not);
}
inline auto fields(Like<PathFact> auto& x) {
  return std::tie(x.requested, x.canonical, x.kind, x.device, x.inode, x.owner, x.group);
}
inline auto fields(Like<Ids> auto& x) { return std::tie(x.uid, x.gid); }
inline auto fields(Like<Caller> auto& x) {
  return std::tie(x.ids, x.privilege, x.sudo_ids, x.home, x.cache, x.cwd, x.project, x.terminals, x.ssh_agent,
                  x.docker);
}
inline auto fields(Like<Command> auto& x) { return std::tie(x.argv, x.environment); }
inline auto fields(Like<SecretSlot> auto& x) { return std::tie(x.name, x.deliver, x.origin, x.path); }
inline auto fields(Like<LaunchRequest> auto& x) { return std::tie(x.policy, x.host, x.caller, x.command, x.secrets); }

namespace {
constexpr uint16_t kRequestKind = 0x5152;  // "RQ"
constexpr uint16_t kVersion = 3;
}  // namespace

std::string encode(const LaunchRequest& request) { return archive::seal(kRequestKind, kVersion, request); }

Result<LaunchRequest> decode_request(std::string_view bytes) {
  LaunchRequest request = TRY(archive::open<LaunchRequest>(kRequestKind, kVersion, bytes));
  TRY(policy::check_values(request.policy));
  return request;
}

}  // namespace confide::launcher
