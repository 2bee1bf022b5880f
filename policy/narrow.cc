#include "policy/narrow.h"

#include <algorithm>

#include "base/text.h"

namespace confide::policy {
namespace {

uint64_t number(const Setting& setting) { return std::get<uint64_t>(setting.value); }

class Narrower {
 public:
  Narrower(Policy& policy, PathRules& rules, const Place& place) : policy_(policy), rules_(rules), place_(place) {}

  Status apply(const Setting& setting) {
    switch (setting.key) {
      case Key::kSystem: return at_most(setting, static_cast<uint64_t>(policy_.system));
      case Key::kProject: return place_.project ? at_most(setting, static_cast<uint64_t>(policy_.project)) : Status();
      case Key::kHome: return at_most(setting, policy_.home_visible ? 1 : 0);
      case Key::kNetwork: return at_most(setting, static_cast<uint64_t>(policy_.network));
      case Key::kInnerSandbox: return at_most(setting, static_cast<uint64_t>(policy_.inner_sandbox));
      case Key::kLandlock: return at_most(setting, static_cast<uint64_t>(policy_.landlock));
      case Key::kSyscalls: return at_most(setting, static_cast<uint64_t>(policy_.syscalls));
      case Key::kSys:
      case Key::kPowerHostSys: return refuse_power(setting, policy_.powers.host_sys);
      case Key::kPowerHostRoot: return refuse_power(setting, policy_.powers.host_root);
      case Key::kPowerHostProc: return refuse_power(setting, policy_.powers.host_proc);
      case Key::kPowerWritableSystem: return refuse_power(setting, policy_.powers.writable_system);
      case Key::kPowerSshAgent: return refuse_power(setting, policy_.powers.ssh_agent);
      case Key::kPowerDocker: return refuse_power(setting, policy_.powers.docker);
      case Key::kMemory: return limit_count(setting, policy_.limits.memory_bytes);
      case Key::kPids: return limit_count(setting, policy_.limits.pids);
      case Key::kCpu: return limit_cpu(setting);
      case Key::kTimeout: return limit_count(setting, policy_.limits.timeout_ms);
      case Key::kOpenFiles: return limit_open_files(setting);
      case Key::kLayerNamespaces:
      case Key::kLayerOwnProc:
      case Key::kLayerNetwork:
      case Key::kLayerLandlock:
      case Key::kLayerSeccomp:
      case Key::kLayerKeyring:
      case Key::kLayerCgroup:
      case Key::kLayerIdmap: return require_layer(setting);
      case Key::kMaskGlobs: return add_masks(setting);
      case Key::kOutputOnLeak: return at_least(setting, policy_.output.on_leak);
      case Key::kOutputPartial: return at_least(setting, policy_.output.partial);
      case Key::kOutputMaskAnyway: return mask_anyway(setting);
      case Key::kHide:
      case Key::kReadOnly: return bound_paths(setting);
      case Key::kVersion:
      case Key::kDefaultProfile:
      case Key::kProfiles:
      case Key::kEnvironments:
      case Key::kGrants:
      case Key::kAdministrator:
      case Key::kExtends:
      case Key::kRead:
      case Key::kWrite:
      case Key::kProtect:
      case Key::kToolchains:
      case Key::kHidePid:
      case Key::kProcSubset:
      case Key::kEnvironmentStart:
      case Key::kEnvironmentPass:
      case Key::kEnvironmentSet:
      case Key::kGrace:
      case Key::kMaskUntracked:
      case Key::kMaskExceptions:
      case Key::kMaskOnChange:
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
      case Key::kVariablePath: break;
    }
    return Error{ErrorKind::kInternal, 0, cat(setting.origin.text, ": no bound by this key")};
  }

 private:
  static std::string_view path_of(Key key) { return find_key(Section::kProfile, key)->path; }

  // "network = host (--network) is refused by /etc/confide/policy.d/10.toml:3: network = none"
  Error refused(const Setting& bound, std::string_view asked, const Origin& asker, std::string_view allowed) const {
    const std::string_view path = path_of(bound.key);
    return Error{
        ErrorKind::kRefused, 0,
        cat(path, " = ", asked, " (", asker.text, ") is refused by ", bound.origin.text, ": ", path, " = ", allowed)};
  }

  // Words stand narrowest first, in the order of their enums.
  Status at_most(const Setting& bound, uint64_t asked) const {
    if (asked <= number(bound)) return {};
    const auto words = find_key(Section::kProfile, bound.key)->words;
    return refused(bound, words[asked], policy_.origin_of(path_of(bound.key)), words[number(bound)]);
  }

  template <class Power>
  Status refuse_power(const Setting& bound, const std::optional<Power>& power) const {
    if (!power) return {};
    const bool by_word = bound.key == Key::kSys;
    return refused(bound, by_word ? "host" : "true", power->origin, by_word ? "absent" : "false");
  }

  // Whether nobody asked for a value: there is none, or an earlier administrator's file gave it.
  bool is_free(bool is_set, const Setting& bound) const {
    return !is_set || std::ranges::find(given_, bound.key) != given_.end();
  }
  void take_on(const Setting& bound) {
    given_.push_back(bound.key);
    policy_.origins.insert_or_assign(std::string(path_of(bound.key)), bound.origin);
  }

  // A limit that a run does not set, or sets too high. `shown` is the value as an error says it.
  template <class T>
  Status limit(const Setting& bound, std::optional<T>& value, T most, const std::string& shown,
               const std::string& shown_most) {
    if (value && *value <= most) return {};
    if (!is_free(value.has_value(), bound))
      return refused(bound, shown, policy_.origin_of(path_of(bound.key)), "at most " + shown_most);
    value = most;
    take_on(bound);
    return {};
  }

  template <class T>
  Status limit_count(const Setting& bound, std::optional<T>& value) {
    const auto most = static_cast<T>(number(bound));
    return limit(bound, value, most, cat(value.value_or(0)), cat(most));
  }

  Status limit_cpu(const Setting& bound) {
    const double most = std::get<double>(bound.value);
    return limit(bound, policy_.limits.cpus, most, std::to_string(policy_.limits.cpus.value_or(0)),
                 std::to_string(most));
  }

  // 0 keeps the caller's, which may be more.
  Status limit_open_files(const Setting& bound) {
    uint64_t& files = policy_.limits.open_files;
    std::optional<uint64_t> value = files == 0 ? std::nullopt : std::optional(files);
    TRY(limit_count(bound, value));
    files = value.value_or(files);
    return {};
  }

  Status require_layer(const Setting& bound) {
    const auto index = static_cast<uint8_t>(bound.key) - static_cast<uint8_t>(Key::kLayerNamespaces);
    policy_.needs[static_cast<Layer>(index)] = Need::kRequired;
    take_on(bound);
    return {};
  }

  // Strictness that a run takes on, like a layer: nothing is asked for that could be refused.
  template <class Word>
  Status at_least(const Setting& bound, Word& word) {
    const auto least = static_cast<Word>(number(bound));
    if (word <= least) return {};
    word = least;
    take_on(bound);
    return {};
  }

  Status mask_anyway(const Setting& bound) {
    for (const Item& item : std::get<std::vector<Item>>(bound.value))
      if (std::ranges::find(policy_.output.mask_anyway, item.text) == policy_.output.mask_anyway.end())
        policy_.output.mask_anyway.push_back(item.text);
    take_on(bound);
    return {};
  }

  Status add_masks(const Setting& bound) {
    for (const Item& item : std::get<std::vector<Item>>(bound.value))
      if (std::ranges::find(policy_.masks.always, item.text) == policy_.masks.always.end())
        policy_.masks.always.push_back(item.text);
    take_on(bound);
    return {};
  }

  Status bound_paths(const Setting& bound) {
    const bool hide = bound.key == Key::kHide;
    for (const Item& item : std::get<std::vector<Item>>(bound.value)) {
      const auto path = TRY(expand_path(item.text, PathSource::kFile, place_));
      if (!path) continue;
      const PathRule rule{*path, hide ? Access::kHide : Access::kRead, IfMissing::kSkip, item.origin};
      const bool covers_project = place_.project && is_within(*place_.project, *path);
      if (covers_project && (hide ? policy_.project != Project::kAbsent : policy_.project == Project::kWritable)) {
        return Error{ErrorKind::kRefused, 0,
                     cat("the project ", printable(*place_.project), " is refused by ", item.origin.text, ": ",
                         hide ? "hide " : "read-only ", printable(*path))};
      }
      TRY(hide ? rules_.hide_everywhere(rule) : rules_.forbid_writing(rule, policy_, place_));
    }
    return {};
  }

  Policy& policy_;
  PathRules& rules_;
  const Place& place_;
  std::vector<Key> given_;
};

}  // namespace

Status narrow(Policy& policy, PathRules& rules, std::span<const Document> administrators, const Place& place) {
  Narrower narrower(policy, rules, place);
  for (const Document& document : administrators)
    for (const Setting& setting : document.administrator) TRY(narrower.apply(setting));
  return {};
}

}  // namespace confide::policy
