#include "policy/read_document.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "policy/read_value.h"

namespace confide::policy {
namespace {

// More than this many complaints about one file help nobody.
constexpr size_t kMaxDiagnostics = 100;

const Setting* find(const std::vector<Setting>& settings, Key key) {
  const auto at = std::ranges::find(settings, key, &Setting::key);
  return at == settings.end() ? nullptr : &*at;
}

std::vector<std::string> texts(const Setting& setting) {
  std::vector<std::string> out;
  for (const Item& item : std::get<std::vector<Item>>(setting.value)) out.push_back(item.text);
  return out;
}

class DocumentReader {
 public:
  DocumentReader(std::string_view file, Role role) : file_(printable(file)), role_(role) { document_.file = file_; }

  Reading read(const Node& root) {
    bool has_version = false;
    for (const Entry& entry : root.entries) {
      const KeyInfo* info = find_key(Section::kDocument, entry.key);
      if (info == nullptr)
        unknown(entry, "", Section::kDocument, "at the top of the file");
      else
        read_part(*info, entry);
      has_version |= entry.key == "version";
    }
    if (!has_version) complain({}, "`version = 1` is missing: a policy file begins with its format's version");
    std::ranges::stable_sort(diagnostics_, {}, [](const Diagnostic& d) { return std::pair(d.line, d.column); });
    return {std::move(document_), std::move(diagnostics_)};
  }

 private:
  void complain(Position position, std::string message) {
    if (diagnostics_.size() < kMaxDiagnostics)
      diagnostics_.push_back({file_, position.line, position.column, std::move(message)});
  }
  Origin origin(Position position) const { return {cat(file_, ":", position.line)}; }

  // A key that no row knows: say so, and which one is near among those that may stand at this place.
  void unknown(const Entry& entry, const std::string& prefix, Section section, std::string_view place) {
    const std::string path = prefix + entry.key;
    std::vector<std::string_view> known;
    for (const KeyInfo& info : all_keys()) {
      if (info.section != section || !info.path.starts_with(prefix)) continue;
      const std::string_view rest = info.path.substr(prefix.size());
      known.push_back(rest.substr(0, rest.find('.')));
    }
    const std::string shown = printable(path.substr(0, 120));
    if (section == Section::kAdministrator && find_key(Section::kProfile, path) != nullptr) {
      complain(entry.position, cat("`", shown, "` cannot stand ", place, ": an administrator's file can only narrow"));
      return;
    }
    const auto near = nearest(entry.key, known);
    complain(entry.position,
             cat("unknown key `", shown, "` ", place, near ? cat("; did you mean `", prefix, *near, "`?") : ""));
  }

  void read_part(const KeyInfo& info, const Entry& entry) {
    if (!may_stand_here(info.key)) {
      complain(entry.position, cat("`", info.path, "` cannot stand in this file: ", why_not_here(info.key)));
      return;
    }
    if (info.key == Key::kProfiles)
      each_table(entry, [&](const Entry& one) { read_profile(one); });
    else if (info.key == Key::kEnvironments)
      each_table(entry, [&](const Entry& one) { read_environment(one); });
    else if (info.key == Key::kGrants)
      read_grants(entry);
    else if (info.key == Key::kAdministrator)
      read_administrator(entry);
    else {
      Setting setting = read_setting(info, entry);
      if (info.key == Key::kDefaultProfile) document_.default_profile = std::move(setting);
    }
  }

  bool may_stand_here(Key key) const {
    if (key == Key::kVersion) return true;
    if (role_ == Role::kAdministrator) return key == Key::kAdministrator;
    return key == Key::kDefaultProfile ? role_ == Role::kUser : key != Key::kAdministrator;
  }
  std::string why_not_here(Key key) const {
    if (role_ == Role::kAdministrator)
      return "an administrator's file holds [administrator] only, which can only narrow";
    if (key == Key::kDefaultProfile) return "a project cannot choose the profile of a run; it belongs in config.toml";
    return "it belongs in /etc/confide/policy.d";
  }

  template <class Function>
  void each_table(const Entry& entry, Function function) {
    if (entry.value.kind != Node::Kind::kTable) {
      complain(entry.value.position,
               cat("write [", entry.key, ".NAME]: `", entry.key, "` is ", name_of(entry.value.kind)));
      return;
    }
    for (const Entry& one : entry.value.entries) {
      if (!is_name(one.key))
        complain(one.position, cat("`", printable(one.key.substr(0, 80)),
                                   "` is not a name (letters, digits, `.`, `_`, `-`; at most 64)"));
      else if (one.value.kind != Node::Kind::kTable)
        complain(one.value.position,
                 cat("[", entry.key, ".", one.key, "] must be a table, not ", name_of(one.value.kind)));
      else
        function(one);
    }
  }

  Setting read_setting(const KeyInfo& info, const Entry& entry) {
    std::vector<Complaint> report;
    Value value = value_of_node(info, entry.value, file_, report);
    for (Complaint& complaint : report) complain(complaint.position, std::move(complaint.message));
    return {info.key, std::move(value), origin(entry.position)};
  }

  // All settings of a table; tables inside it are followed where rows lie below them ("limits" → "limits.memory").
  // As deep as the keys that policy/keys.cc knows. NOLINTNEXTLINE(misc-no-recursion)
  void read_settings(Section section, const Node& table, std::string_view place, const std::string& prefix,
                     std::vector<Setting>& out) {
    for (const Entry& entry : table.entries) {
      const std::string path = prefix + entry.key;
      if (const KeyInfo* info = find_key(section, path)) {
        out.push_back(read_setting(*info, entry));
        continue;
      }
      const std::string below = path + ".";
      const bool known = std::ranges::any_of(
          all_keys(), [&](const KeyInfo& info) { return info.section == section && info.path.starts_with(below); });
      if (!known)
        unknown(entry, prefix, section, place);
      else if (entry.value.kind == Node::Kind::kTable)
        read_settings(section, entry.value, place, below, out);
      else
        complain(entry.value.position, cat("`", path, "` must be a table, not ", name_of(entry.value.kind)));
    }
  }

  void read_profile(const Entry& entry) {
    ProfileText profile{.name = entry.key, .origin = origin(entry.position)};
    read_settings(Section::kProfile, entry.value, cat("in [profile.", entry.key, "]"), "", profile.settings);
    const Setting* sys = find(profile.settings, Key::kSys);
    const Setting* power = find(profile.settings, Key::kPowerHostSys);
    if (sys != nullptr && power != nullptr && sys->value != power->value)
      complain(entry.position,
               cat("`sys` and `powers.host-sys` of [profile.", entry.key, "] say opposite things; keep one"));
    document_.profiles.push_back(std::move(profile));
  }

  void read_administrator(const Entry& entry) {
    if (entry.value.kind != Node::Kind::kTable)
      return complain(entry.value.position, cat("write [administrator]: it is ", name_of(entry.value.kind)));
    read_settings(Section::kAdministrator, entry.value, "in [administrator]", "", document_.administrator);
  }

  void read_environment(const Entry& entry) {
    NamedEnvironment environment{.name = entry.key, .origin = origin(entry.position)};
    for (const Entry& one : entry.value.entries) {
      if (!is_variable_name(one.key)) {
        complain(one.position, cat("`", printable(one.key.substr(0, 80)), "` is not a variable name"));
        continue;
      }
      environment.variables.push_back(read_variable(one, entry.key));
    }
    document_.environments.push_back(std::move(environment));
  }

  Variable read_variable(const Entry& entry, std::string_view environment) {
    Variable variable{.name = entry.key, .origin = origin(entry.position)};
    std::vector<Setting> settings;
    if (entry.value.kind == Node::Kind::kText) {
      settings.push_back(read_setting(*find_key(Section::kVariable, Key::kVariableRef), entry));
    } else if (entry.value.kind == Node::Kind::kTable) {
      read_settings(Section::kVariable, entry.value, cat("in ", entry.key, " of [environment.", environment, "]"), "",
                    settings);
    } else {
      complain(entry.value.position,
               cat("`", entry.key, "` must be a reference, { ref = \"…\" } or { value = \"…\" }, not ",
                   name_of(entry.value.kind)));
      return variable;
    }
    const Setting* ref = find(settings, Key::kVariableRef);
    const Setting* plain = find(settings, Key::kVariableValue);
    if ((ref == nullptr) == (plain == nullptr)) {
      complain(entry.position, cat("`", entry.key, "` needs either `ref` or `value`"));
      return variable;
    }
    variable.kind = ref != nullptr ? Variable::Kind::kReference : Variable::Kind::kPlain;
    variable.text = std::get<std::string>((ref != nullptr ? ref : plain)->value);
    if (const Setting* deliver = find(settings, Key::kVariableDeliver))
      variable.deliver = static_cast<Deliver>(std::get<uint64_t>(deliver->value));
    if (const Setting* path = find(settings, Key::kVariablePath)) {
      variable.path = std::get<std::string>(path->value);
      if (variable.deliver != Deliver::kFile)
        complain(entry.position, cat("`path` of `", entry.key, "` has a meaning with deliver = \"file\" only"));
    }
    return variable;
  }

  void read_grants(const Entry& entry) {
    if (entry.value.kind != Node::Kind::kList)
      return complain(entry.value.position, cat("write [[grant]]: `grant` is ", name_of(entry.value.kind)));
    for (const Entry& one : entry.value.entries) {
      if (one.value.kind != Node::Kind::kTable)
        complain(one.value.position, "write [[grant]]");
      else
        read_grant(one.value);
    }
  }

  void read_grant(const Node& table) {
    std::vector<Setting> settings;
    read_settings(Section::kGrant, table, "in [[grant]]", "", settings);
    Grant grant{.origin = origin(table.position)};
    for (const Setting& setting : settings) apply(grant, setting);
    const auto missing = [&](Key key, bool empty) {
      if (empty && find(settings, key) == nullptr)
        complain(table.position, cat("a grant needs `", find_key(Section::kGrant, key)->path, "`"));
    };
    missing(Key::kGrantName, grant.name.empty());
    missing(Key::kGrantEnvironment, grant.environment.empty());
    missing(Key::kGrantCommand, grant.command.empty());
    check_command(grant, settings, table.position);
    check_approval(grant, find(settings, Key::kApprovalClass) != nullptr, table.position);
    for (const std::string& output : grant.outputs)
      if (output.find_first_of("*?") != std::string::npos)
        complain(table.position, cat("`outputs` names files exactly: `", printable(output), "` is a pattern"));
    const bool twice =
        std::ranges::any_of(document_.grants, [&](const Grant& other) { return other.name == grant.name; });
    if (twice && !grant.name.empty()) complain(table.position, cat("two grants are called `", grant.name, "`"));
    document_.grants.push_back(std::move(grant));
  }

  void apply(Grant& grant, const Setting& setting) {
    const auto number = [&] { return std::get<uint64_t>(setting.value); };
    const auto text = [&] { return std::get<std::string>(setting.value); };
    if (setting.key == Key::kGrantName)
      grant.name = text();
    else if (setting.key == Key::kGrantEnvironment)
      grant.environment = text();
    else if (setting.key == Key::kGrantCommand)
      grant.command = texts(setting);
    else if (setting.key == Key::kGrantInputs)
      grant.inputs = texts(setting);
    else if (setting.key == Key::kGrantOutputs)
      grant.outputs = texts(setting);
    else if (setting.key == Key::kApprovalClass)
      grant.approval.kind = static_cast<ApprovalClass>(number());
    else if (setting.key == Key::kApprovalFor)
      grant.approval.for_ms = number();
    else if (setting.key == Key::kApprovalUses)
      grant.approval.uses = number();
    else if (setting.key == Key::kGrantLease)
      grant.lease_ms = number();
    else if (setting.key == Key::kGrantProfile)
      grant.profile = text();
    else if (setting.key == Key::kGrantNetwork)
      grant.network = static_cast<Network>(number());
  }

  void check_command(const Grant& grant, const std::vector<Setting>& settings, Position position) {
    if (find(settings, Key::kGrantCommand) == nullptr) return;
    if (grant.command.empty() || grant.command[0].empty()) return complain(position, "`command` must name a program");
    if (grant.command[0] == "*" || grant.command[0] == "**")
      return complain(position, "`command` must begin with a program, not a pattern");
    for (size_t i = 0; i + 1 < grant.command.size(); ++i)
      if (grant.command[i] == "**")
        return complain(position, "`**` stands for the rest of a command and must be its last word");
  }

  void check_approval(const Grant& grant, bool has_class, Position position) {
    const Approval& approval = grant.approval;
    if (approval.kind == ApprovalClass::kWindow && !approval.for_ms)
      return complain(position, "approval class window needs `for`: how long one approval lasts");
    if (approval.kind != ApprovalClass::kWindow && (approval.for_ms || approval.uses))
      return complain(position, cat("`for` and `uses` belong to approval class window",
                                    has_class ? "" : ", which is not the default"));
    if (approval.kind == ApprovalClass::kAuto && grant.inputs.empty())
      return complain(position, "approval class auto needs `inputs`: without pinned inputs the agent chooses the code");
  }

  std::string file_;
  Role role_;
  Document document_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace

std::string to_text(const Diagnostic& diagnostic) {
  return cat(diagnostic.file, ":", diagnostic.line, ":", diagnostic.column, ": ", diagnostic.message);
}

Reading read_document(const Node& root, std::string_view file, Role role) {
  return DocumentReader(file, role).read(root);
}

}  // namespace confide::policy
