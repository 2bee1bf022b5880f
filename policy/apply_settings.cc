#include "policy/apply_settings.h"

#include <algorithm>

#include "base/text.h"

namespace confide::policy {
namespace {

uint64_t number(const Setting& setting) { return std::get<uint64_t>(setting.value); }

template <class Power>
void set_power(std::optional<Power>& power, bool on, const Origin& origin) {
  if (on)
    power = Power{origin};
  else
    power.reset();
}

void add_texts(std::vector<std::string>& out, const Setting& setting) {
  for (const Item& item : std::get<std::vector<Item>>(setting.value))
    if (std::ranges::find(out, item.text) == out.end()) out.push_back(item.text);
}

void set_layer(Policy& policy, const Setting& setting) {
  const auto index = static_cast<uint8_t>(setting.key) - static_cast<uint8_t>(Key::kLayerNamespaces);
  policy.needs[static_cast<Layer>(index)] = static_cast<Need>(number(setting));
}

void pass_variables(Policy& policy, const Setting& setting) {
  add_texts(policy.environment.pass, setting);
  for (const Item& item : std::get<std::vector<Item>>(setting.value))
    policy.origins.insert_or_assign(cat("environment.pass.", item.text), item.origin);
}

void set_variables(Policy& policy, const Setting& setting) {
  for (const Pair& pair : std::get<std::vector<Pair>>(setting.value)) {
    policy.environment.set.insert_or_assign(pair.name, pair.value);
    policy.origins.insert_or_assign(cat("environment.set.", pair.name), pair.origin);
  }
}

void add_masks(Policy& policy, const Setting& setting) {
  std::vector<std::string>& list = setting.key == Key::kMaskGlobs ? policy.masks.globs : policy.masks.exceptions;
  add_texts(list, setting);
}

}  // namespace

void apply_setting(Policy& policy, const Setting& setting) {
  const Origin& origin = setting.origin;
  switch (setting.key) {
    case Key::kSystem: policy.system = static_cast<System>(number(setting)); break;
    case Key::kProject: policy.project = static_cast<Project>(number(setting)); break;
    case Key::kHome: policy.home_visible = number(setting) == 1; break;
    case Key::kNetwork:
      policy.network = static_cast<Network>(number(setting));
      policy.network_origin = origin;
      break;
    case Key::kHidePid: policy.hide_pid = static_cast<HidePid>(number(setting)); break;
    case Key::kProcSubset: policy.proc_subset = static_cast<ProcSubset>(number(setting)); break;
    case Key::kSys:
    case Key::kPowerHostSys: set_power(policy.powers.host_sys, number(setting) == 1, origin); break;
    case Key::kInnerSandbox: policy.inner_sandbox = static_cast<InnerSandbox>(number(setting)); break;
    case Key::kLandlock: policy.landlock = static_cast<LandlockUse>(number(setting)); break;
    case Key::kSyscalls: policy.syscalls = static_cast<SyscallProfile>(number(setting)); break;
    case Key::kEnvironmentStart: policy.environment.start = static_cast<Environment::Start>(number(setting)); break;
    case Key::kEnvironmentPass: return pass_variables(policy, setting);
    case Key::kEnvironmentSet: return set_variables(policy, setting);
    case Key::kMemory: policy.limits.memory_bytes = number(setting); break;
    case Key::kPids: policy.limits.pids = number(setting); break;
    case Key::kCpu: policy.limits.cpus = std::get<double>(setting.value); break;
    case Key::kTimeout: policy.limits.timeout_ms = static_cast<int64_t>(number(setting)); break;
    case Key::kGrace: policy.limits.grace_ms = static_cast<int64_t>(number(setting)); break;
    case Key::kOpenFiles: policy.limits.open_files = number(setting); break;
    case Key::kLayerNamespaces:
    case Key::kLayerOwnProc:
    case Key::kLayerNetwork:
    case Key::kLayerLandlock:
    case Key::kLayerSeccomp:
    case Key::kLayerKeyring:
    case Key::kLayerCgroup:
    case Key::kLayerIdmap: set_layer(policy, setting); break;
    case Key::kMaskUntracked:
      policy.masks.untracked_env_files = number(setting) == 1;
      policy.masks.origin = origin;
      break;
    case Key::kMaskGlobs:
    case Key::kMaskExceptions:
      add_masks(policy, setting);
      policy.masks.origin = origin;
      break;
    case Key::kMaskOnChange: policy.masks.on_change = static_cast<Masks::OnChange>(number(setting)); break;
    case Key::kOutputOnLeak: policy.output.on_leak = static_cast<Output::OnLeak>(number(setting)); break;
    case Key::kOutputPartial: policy.output.partial = static_cast<Output::Partial>(number(setting)); break;
    case Key::kOutputMaskAnyway: add_texts(policy.output.mask_anyway, setting); break;
    case Key::kPowerHostRoot: set_power(policy.powers.host_root, number(setting) == 1, origin); break;
    case Key::kPowerHostProc: set_power(policy.powers.host_proc, number(setting) == 1, origin); break;
    case Key::kPowerWritableSystem: set_power(policy.powers.writable_system, number(setting) == 1, origin); break;
    case Key::kPowerSshAgent: set_power(policy.powers.ssh_agent, number(setting) == 1, origin); break;
    case Key::kPowerDocker: set_power(policy.powers.docker, number(setting) == 1, origin); break;
    case Key::kVersion:
    case Key::kDefaultProfile:
    case Key::kProfiles:
    case Key::kEnvironments:
    case Key::kGrants:
    case Key::kAdministrator:
    case Key::kExtends:
    case Key::kRead:
    case Key::kWrite:
    case Key::kHide:
    case Key::kProtect:
    case Key::kReadOnly:
    case Key::kToolchains:
    case Key::kGrantName:
    case Key::kGrantEnvironment:
    case Key::kGrantCommand:
    case Key::kGrantInputs:
    case Key::kGrantOutputs:
    case Key::kApprovalClass:
    case Key::kApprovalFor:
    case Key::kApprovalUses:
    case Key::kGrantLease:
    case Key::kGrantProfile:
    case Key::kGrantNetwork:
    case Key::kVariableRef:
    case Key::kVariableValue:
    case Key::kVariableDeliver:
    case Key::kVariablePath: return;
  }
  if (const KeyInfo* info = find_key(Section::kProfile, setting.key))
    policy.origins.insert_or_assign(std::string(info->path), origin);
}

}  // namespace confide::policy
