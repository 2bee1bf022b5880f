#include "policy/resolve.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "policy/apply_settings.h"
#include "policy/narrow.h"
#include "policy/path_rules.h"
#include "policy/presets.h"
#include "policy/read_value.h"
#include "policy/runs_later.h"
#include "policy/toolchains.h"

namespace confide::policy {
namespace {

// Deeper chains are mistakes.
constexpr size_t kMaxChain = 16;

Error refused(std::string what) { return Error{ErrorKind::kRefused, 0, std::move(what)}; }

const Setting* find(const std::vector<Setting>& settings, Key key) {
  const auto at = std::ranges::find(settings, key, &Setting::key);
  return at == settings.end() ? nullptr : &*at;
}

const ProfileText* find(const std::optional<Document>& document, std::string_view name) {
  if (!document) return nullptr;
  const auto at = std::ranges::find(document->profiles, name, &ProfileText::name);
  return at == document->profiles.end() ? nullptr : &*at;
}

// One name of the chain: what the built-in profile, config.toml and confide.toml say of it, in this order.
struct Link {
  std::optional<Document> built_in;
  const ProfileText* user = nullptr;
  const ProfileText* project = nullptr;
};

class Resolver {
 public:
  explicit Resolver(const ResolveInput& input) : in_(input), place_(input.place) {}

  Result<Policy> resolve() {
    TRY(check_place());
    choose_profile();
    TRY(collect_chain());
    protect_from_agents();
    for (const Link& link : chain_) {
      if (link.built_in) TRY(apply(link.built_in->profiles.front(), Asker::kBuiltIn));
      if (link.user != nullptr) TRY(apply(*link.user, Asker::kPerson));
      if (link.project != nullptr) TRY(apply(*link.project, Asker::kPerson));
    }
    TRY(apply_flags());
    TRY(merge_paths());
    TRY(narrow(policy_, rules_, in_.administrators, place_));
    TRY(check_sense());
    policy_.paths = rules_.take();
    return std::move(policy_);
  }

 private:
  Status check_place() const {
    if (!is_normal(place_.cwd)) return refused("the working directory is not an absolute path");
    if (!place_.home.empty() && !is_normal(place_.home))
      return refused(cat("HOME is not an absolute path: ", printable(place_.home)));
    if (!is_normal(place_.tmpdir)) return refused(cat("TMPDIR is not an absolute path: ", printable(place_.tmpdir)));
    if (place_.project && !may_be_project(*place_.project, place_.home))
      return refused(cat(printable(*place_.project), " cannot be a project"));
    return {};
  }

  void choose_profile() {
    if (in_.flags.profile) {
      policy_.profile = in_.flags.profile->text;
      policy_.profile_origin = {in_.flags.profile->name};
    } else if (in_.user && in_.user->default_profile) {
      policy_.profile = std::get<std::string>(in_.user->default_profile->value);
      policy_.profile_origin = in_.user->default_profile->origin;
    } else {
      policy_.profile = kDefaultProfile;
      policy_.profile_origin = preset_origin(kDefaultProfile);
    }
  }

  // From the chosen profile to the root of its chain, then turned round.
  Status collect_chain() {
    std::vector<std::string> names;
    std::string name = policy_.profile;
    Origin asked = policy_.profile_origin;
    for (;;) {
      if (std::ranges::find(names, name) != names.end())
        return refused(cat(asked.text, ": profiles extend each other in a circle: ", join(names, " → "), " → ", name));
      if (names.size() == kMaxChain) return refused(cat(asked.text, ": more than 16 profiles extend each other"));
      names.push_back(name);
      Link link{TRY(preset(name)), find(in_.user, name), find(in_.project_file, name)};
      if (!link.built_in && link.user == nullptr && link.project == nullptr) return no_such_profile(name, asked);
      const Setting* extends = TRY(extends_of(link, name));
      chain_.push_back(std::move(link));
      if (extends == nullptr) break;
      name = std::get<std::string>(extends->value);
      asked = extends->origin;
    }
    std::ranges::reverse(chain_);
    return {};
  }

  Error no_such_profile(const std::string& name, const Origin& asked) const {
    std::vector<std::string_view> known = preset_names();
    for (const auto* document : {&in_.user, &in_.project_file})
      if (*document)
        for (const ProfileText& profile : (*document)->profiles) known.push_back(profile.name);
    Error error =
        refused(cat("no profile is called `", printable(name), "` (", asked.text, ")", did_you_mean(name, known)));
    if (in_.flags.profile && asked.text == in_.flags.profile->name) error.kind = ErrorKind::kUsage;
    return error;
  }

  static Result<const Setting*> extends_of(const Link& link, std::string_view name) {
    const Setting* found = nullptr;
    if (link.built_in) found = find(link.built_in->profiles.front().settings, Key::kExtends);
    for (const ProfileText* profile : {link.user, link.project}) {
      const Setting* extends = profile != nullptr ? find(profile->settings, Key::kExtends) : nullptr;
      if (extends == nullptr) continue;
      if (link.built_in) {
        return refused(cat(extends->origin.text, ": `", name, "` is built in, so [profile.", name,
                           "] adds to it; give a profile that extends another a name of its own"));
      }
      if (found != nullptr && found->value != extends->value) {
        return refused(cat("profile ", name, " extends ", std::get<std::string>(found->value), " (", found->origin.text,
                           ") and ", std::get<std::string>(extends->value), " (", extends->origin.text, ")"));
      }
      found = extends;
    }
    if (found == nullptr && !link.built_in) {
      const ProfileText* any = link.user != nullptr ? link.user : link.project;
      return refused(
          cat(any->origin.text, ": [profile.", name,
              "] needs `extends`: every profile starts from a built-in one, `extends = \"tool\"` for example"));
    }
    return found;
  }

  Status apply(const ProfileText& profile, Asker asker) {
    std::vector<PathRule> level;
    for (const Setting& setting : profile.settings) {
      if (setting.key == Key::kRead)
        TRY(add_paths(setting, Access::kRead, level));
      else if (setting.key == Key::kWrite)
        TRY(add_paths(setting, Access::kWrite, level));
      else if (setting.key == Key::kHide)
        TRY(add_paths(setting, Access::kHide, level));
      else if (setting.key == Key::kProtect)
        TRY(add_paths(setting, Access::kProtect, level));
      else if (setting.key == Key::kToolchains)
        toolchains_ = &setting;
      else
        apply_setting(policy_, setting);
    }
    levels_.emplace_back(std::move(level), asker);
    return {};
  }

  // Of the chosen profile, or of what asks: policy/runs_later.h.
  void protect_from_agents() {
    const auto is_agent = [](const Link& link) {
      return link.built_in && link.built_in->profiles.front().name == "agent";
    };
    if (!place_.project || (in_.for_agents == ForAgents::kNo && std::ranges::none_of(chain_, is_agent))) return;
    std::vector<PathRule> level;
    for (const RunsLater& member : runs_later())
      if (member.held == RunsLater::Held::kByMounts)
        level.push_back({cat(*place_.project, "/", member.path),
                         Access::kProtect,
                         IfMissing::kCover,
                         {"what runs later (built in)"}});
    levels_.emplace_back(std::move(level), Asker::kBuiltIn);
  }

  Status add_paths(const Setting& setting, Access access, std::vector<PathRule>& out) const {
    for (const Item& item : std::get<std::vector<Item>>(setting.value)) {
      auto path = expand_path(item.text, PathSource::kFile, place_);
      if (!path) {
        if (item.if_missing != IfMissing::kError && place_.home.empty()) continue;
        return with_context(item.origin.text, std::move(path).error());
      }
      if (std::optional<std::string>& found = *path) {
        out.push_back({std::move(*found), access, item.if_missing, item.origin});
      } else if (item.if_missing == IfMissing::kError) {
        return refused(cat(item.origin.text, ": path `", printable(item.text),
                           "` needs a project and the working directory is in none; write { path = \"…\", if-missing = "
                           "\"skip\" } where it may be missing"));
      }
    }
    return {};
  }

  Status apply_flags() {
    const Overrides& flags = in_.flags;
    TRY(set_by_flag(Key::kNetwork, flags.network));
    TRY(set_by_flag(Key::kTimeout, flags.timeout));
    TRY(set_by_flag(Key::kMemory, flags.memory));
    TRY(set_by_flag(Key::kPids, flags.pids));
    TRY(set_by_flag(Key::kCpu, flags.cpu));
    TRY(set_by_flag(Key::kInnerSandbox, flags.inner_sandbox));
    for (const Flag& flag : flags.powers) TRY(give_power(flag));
    for (const Flag& flag : flags.env) TRY(apply_env(flag));
    std::vector<PathRule> level;
    TRY(add_flag_paths(flags.reads, Access::kRead, level));
    TRY(add_flag_paths(flags.writes, Access::kWrite, level));
    TRY(add_flag_paths(flags.hides, Access::kHide, level));
    levels_.emplace_back(std::move(level), Asker::kPerson);
    return {};
  }

  static Error wrong_flag(const Flag& flag, const Error& error) {
    return Error{ErrorKind::kUsage, 0, cat(flag.name, ": ", error.what)};
  }

  Status set_by_flag(Key key, const std::optional<Flag>& flag) {
    if (!flag) return {};
    auto value = value_of_text(*find_key(Section::kProfile, key), flag->text);
    if (!value) return wrong_flag(*flag, value.error());
    apply_setting(policy_, {key, std::move(*value), {flag->name}});
    return {};
  }

  Status give_power(const Flag& flag) {
    constexpr std::string_view kPrefix = "powers.";
    const KeyInfo* info = find_key(Section::kProfile, cat(kPrefix, flag.text));
    if (info != nullptr) {
      apply_setting(policy_, {info->key, uint64_t{1}, {cat(flag.name, " ", flag.text)}});
      return {};
    }
    std::vector<std::string> names;
    for (const KeyInfo& key : all_keys())
      if (key.section == Section::kProfile && key.path.starts_with(kPrefix))
        names.emplace_back(key.path.substr(kPrefix.size()));
    return Error{ErrorKind::kUsage, 0,
                 cat(flag.name, ": no power is called `", printable(flag.text), "`; there are ", join(names, ", "))};
  }

  // The text may hold a value: an error names the variable only.
  Status apply_env(const Flag& flag) {
    const size_t equals = flag.text.find('=');
    const std::string name = flag.text.substr(0, equals);
    if (!is_variable_name(name)) {
      return Error{ErrorKind::kUsage, 0,
                   cat(flag.name, " takes NAME or NAME=VALUE; ",
                       equals == std::string::npos ? "this" : "what stands before `=`", " is not a variable name")};
    }
    if (flag.text.find('\0') != std::string::npos)
      return Error{ErrorKind::kUsage, 0, cat(flag.name, " ", name, ": a value cannot hold a NUL byte")};
    const Origin origin{flag.name};
    if (equals == std::string::npos)
      apply_setting(policy_, {Key::kEnvironmentPass, std::vector<Item>{{name, IfMissing::kError, origin}}, origin});
    else
      apply_setting(policy_,
                    {Key::kEnvironmentSet, std::vector<Pair>{{name, flag.text.substr(equals + 1), origin}}, origin});
    return {};
  }

  Status add_flag_paths(const std::vector<Flag>& flags, Access access, std::vector<PathRule>& out) const {
    for (const Flag& flag : flags) {
      auto path = expand_path(flag.text, PathSource::kFlag, place_);
      if (!path) return wrong_flag(flag, path.error());
      const IfMissing missing = access == Access::kHide ? IfMissing::kSkip : IfMissing::kError;
      // A flag's path is always one. NOLINTNEXTLINE(bugprone-unchecked-optional-access)
      out.push_back({std::move(**path), access, missing, {flag.name}});
    }
    return {};
  }

  Status merge_paths() {
    if (toolchains_ != nullptr && !policy_.home_visible)
      TRY(rules_.add_level(TRY(toolchain_rules(std::get<std::vector<Item>>(toolchains_->value), place_)),
                           Asker::kBuiltIn));
    for (auto& [level, asker] : levels_) TRY(rules_.add_level(std::move(level), asker));
    Place shown = place_;
    if (policy_.project == Project::kAbsent) shown.project.reset();
    return rules_.check(policy_.powers, shown);
  }

  // Parts that cannot hold together. Each error names the line of the part that a person would change.
  Status check_sense() {
    const auto at = [this](std::string_view key) -> const std::string& { return policy_.origin_of(key).text; };
    const Powers& powers = policy_.powers;
    if (policy_.inner_sandbox == InnerSandbox::kAllowed) {
      if (policy_.landlock != LandlockUse::kScopesOnly)
        return refused(cat(at("landlock"),
                           ": inner-sandbox = allowed needs landlock = \"scopes\": file rights forbid every mount"));
      if (policy_.syscalls != SyscallProfile::kAgent)
        return refused(
            cat(at("syscalls"),
                ": inner-sandbox = allowed needs syscalls = \"agent\": the filter tool refuses namespaces and mounts"));
      if (policy_.proc_subset != ProcSubset::kAll)
        return refused(cat(
            at("proc.subset"),
            ": inner-sandbox = allowed needs proc.subset = \"all\": bubblewrap cannot mount its own procfs otherwise"));
      if (powers.host_root)
        return refused(
            cat(powers.host_root->origin.text, ": powers.host-root is refused where inner-sandbox is allowed"));
    }
    if (powers.host_proc && policy_.need(Layer::kOwnProc) == Need::kRequired)
      return refused(cat(powers.host_proc->origin.text, ": powers.host-proc contradicts layers.own-proc = required (",
                         at("layers.own-proc"), ")"));
    if (policy_.system == System::kWholeRoot && !policy_.home_visible)
      return refused(cat(at("system"), ": system = \"whole-root\" shows the home too; say home = \"visible\" with it"));
    if (policy_.system == System::kAbsent && powers.writable_system)
      return refused(
          cat(powers.writable_system->origin.text, ": powers.writable-system has no meaning with system = \"absent\""));
    // The layer is the absence of a network: where the host's is asked for there is nothing to require.
    if (policy_.network == Network::kHost) policy_.needs.erase(Layer::kNetwork);
    return {};
  }

  const ResolveInput& in_;
  const Place& place_;
  Policy policy_;
  std::vector<Link> chain_;
  const Setting* toolchains_ = nullptr;  // in a document of chain_ or of the input
  std::vector<std::pair<std::vector<PathRule>, Asker>> levels_;
  PathRules rules_;
};

}  // namespace

Result<Policy> resolve(const ResolveInput& input) { return Resolver(input).resolve(); }

}  // namespace confide::policy
