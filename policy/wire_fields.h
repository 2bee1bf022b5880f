// How the structs of a policy are laid out in an archive. Include it where they, or structs that hold them, are
// encoded.
#pragma once

#include <tuple>

#include "policy/archive.h"
#include "policy/document.h"
#include "policy/policy.h"

namespace confide::policy {

using archive::Like;

constexpr Layer last_value(Layer) { return Layer::kIdmap; }
constexpr Access last_value(Access) { return Access::kProtect; }
constexpr IfMissing last_value(IfMissing) { return IfMissing::kCover; }
constexpr System last_value(System) { return System::kWholeRoot; }
constexpr Project last_value(Project) { return Project::kWritable; }
constexpr Network last_value(Network) { return Network::kHost; }
constexpr LandlockUse last_value(LandlockUse) { return LandlockUse::kScopesOnly; }
constexpr InnerSandbox last_value(InnerSandbox) { return InnerSandbox::kAllowed; }
constexpr HidePid last_value(HidePid) { return HidePid::kInvisible; }
constexpr ProcSubset last_value(ProcSubset) { return ProcSubset::kPidOnly; }
constexpr SyscallProfile last_value(SyscallProfile) { return SyscallProfile::kAgent; }
constexpr Need last_value(Need) { return Need::kBestEffort; }
constexpr Masks::OnChange last_value(Masks::OnChange) { return Masks::OnChange::kEndRun; }
constexpr Output::OnLeak last_value(Output::OnLeak) { return Output::OnLeak::kMask; }
constexpr Output::Partial last_value(Output::Partial) { return Output::Partial::kOff; }
constexpr Environment::Start last_value(Environment::Start) { return Environment::Start::kMinimal; }
constexpr Deliver last_value(Deliver) { return Deliver::kStdin; }
constexpr ApprovalClass last_value(ApprovalClass) { return ApprovalClass::kNeverLocal; }
constexpr Variable::Kind last_value(Variable::Kind) { return Variable::Kind::kPlain; }

inline auto fields(Like<Origin> auto& x) { return std::tie(x.text); }
inline auto fields(Like<PathRule> auto& x) { return std::tie(x.path, x.access, x.if_missing, x.origin); }
inline auto fields(Like<Masks> auto& x) {
  return std::tie(x.untracked_env_files, x.globs, x.exceptions, x.always, x.on_change, x.origin);
}
inline auto fields(Like<Output> auto& x) { return std::tie(x.on_leak, x.partial, x.mask_anyway); }
inline auto fields(Like<Environment> auto& x) { return std::tie(x.start, x.pass, x.set); }
inline auto fields(Like<Limits> auto& x) {
  return std::tie(x.memory_bytes, x.pids, x.cpus, x.timeout_ms, x.grace_ms, x.open_files);
}
inline auto fields(Like<HostRoot> auto& x) { return std::tie(x.origin); }
inline auto fields(Like<HostProc> auto& x) { return std::tie(x.origin); }
inline auto fields(Like<HostSys> auto& x) { return std::tie(x.origin); }
inline auto fields(Like<WritableSystem> auto& x) { return std::tie(x.origin); }
inline auto fields(Like<HostSshAgent> auto& x) { return std::tie(x.origin); }
inline auto fields(Like<HostDocker> auto& x) { return std::tie(x.origin); }
inline auto fields(Like<Powers> auto& x) {
  return std::tie(x.host_root, x.host_proc, x.host_sys, x.writable_system, x.ssh_agent, x.docker);
}
inline auto fields(Like<Policy> auto& x) {
  return std::tie(x.profile, x.profile_origin, x.system, x.project, x.home_visible, x.paths, x.masks, x.output,
                  x.network, x.network_origin, x.hide_pid, x.proc_subset, x.landlock, x.inner_sandbox, x.syscalls,
                  x.environment, x.limits, x.needs, x.powers, x.origins);
}

inline auto fields(Like<Item> auto& x) { return std::tie(x.text, x.if_missing, x.origin); }
inline auto fields(Like<Pair> auto& x) { return std::tie(x.name, x.value, x.origin); }
inline auto fields(Like<Setting> auto& x) { return std::tie(x.key, x.value, x.origin); }
inline auto fields(Like<ProfileText> auto& x) { return std::tie(x.name, x.origin, x.settings); }
inline auto fields(Like<Variable> auto& x) { return std::tie(x.name, x.kind, x.text, x.deliver, x.path, x.origin); }
inline auto fields(Like<NamedEnvironment> auto& x) { return std::tie(x.name, x.origin, x.variables); }
inline auto fields(Like<Approval> auto& x) { return std::tie(x.kind, x.for_ms, x.uses); }
inline auto fields(Like<Grant> auto& x) {
  return std::tie(x.name, x.environment, x.command, x.inputs, x.outputs, x.approval, x.lease_ms, x.profile, x.network,
                  x.origin);
}
inline auto fields(Like<Document> auto& x) {
  return std::tie(x.file, x.default_profile, x.profiles, x.environments, x.grants, x.administrator);
}

}  // namespace confide::policy
