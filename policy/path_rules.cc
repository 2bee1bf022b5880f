#include "policy/path_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace confide::policy {
namespace {

const char* verb(Access access) {
  switch (access) {
    case Access::kRead: return "read";
    case Access::kWrite: return "write";
    case Access::kHide: return "hide";
    case Access::kProtect: return "protect";
  }
  return "?";
}

// "write /srv/data (confide.toml:14)"
std::string shown(const PathRule& rule) {
  return cat(verb(rule.access), " ", printable(rule.path), " (", rule.origin.text, ")");
}

Error refused(std::string what) { return Error{ErrorKind::kRefused, 0, std::move(what)}; }

// Two rules of one level for one path, or one below what the other hides.
Status check_pair(const PathRule& a, const PathRule& b) {
  if (a.path == b.path) {
    if (a.access == b.access) return {};
    return refused(cat(shown(a), " contradicts ", shown(b)));
  }
  if (a.access != Access::kHide && b.access == Access::kHide && is_within(a.path, b.path))
    return refused(cat(shown(a), " lies in what is hidden by ", shown(b)));
  return {};
}

Status check_level(const std::vector<PathRule>& level) {
  for (size_t i = 0; i < level.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      TRY(check_pair(level[i], level[j]));
      TRY(check_pair(level[j], level[i]));
    }
  }
  return {};
}

bool is_system_folder(std::string_view path) {
  constexpr std::array<std::string_view, 9> kFolders = {"/usr",   "/etc",   "/bin",    "/sbin", "/lib",
                                                        "/lib32", "/lib64", "/libx32", "/boot"};
  return std::ranges::any_of(kFolders, [&](std::string_view folder) { return is_within(path, folder); });
}

Status check_one(const PathRule& rule, const Powers& powers, const Place& place) {
  const std::string& path = rule.path;
  if (path == "/")
    return refused(cat(shown(rule), ": name folders; `system = \"whole-root\"` shows all of it, read-only"));
  if (!place.home.empty() && is_within(place.home, path)) {
    return refused(cat(shown(rule), ": the home as a whole holds every credential in it; name folders",
                       rule.access == Access::kRead ? ", or say `home = \"visible\"`" : ""));
  }
  if (path == "/dev" || path == "/proc" || path == "/sys")
    return refused(cat(shown(rule), ": the sandbox has its own ", path,
                       path == "/dev" ? "" : cat("; powers.host-", path.substr(1), " shows the host's")));
  if (is_within(path, "/proc") && !powers.host_proc) return refused(cat(shown(rule), " needs powers.host-proc"));
  if (is_within(path, "/sys") && !powers.host_sys) return refused(cat(shown(rule), " needs powers.host-sys"));
  if (rule.access == Access::kWrite && is_system_folder(path) && !powers.writable_system)
    return refused(cat(shown(rule), " needs powers.writable-system: it is a folder of the system"));
  if (rule.access == Access::kHide && place.project && is_within(*place.project, path))
    return refused(cat(shown(rule), " hides the project ", printable(*place.project)));
  return {};
}

}  // namespace

Status PathRules::add_level(std::vector<PathRule> level, Asker asker) {
  // What is built in is checked by a test, not at every launch.
  if (asker == Asker::kPerson) TRY(check_level(level));
  for (const PathRule& rule : level) {
    for (const Rule& old : rules_) {
      if (old.rule.access == Access::kHide && rule.access != Access::kHide && rule.path != old.rule.path &&
          is_within(rule.path, old.rule.path)) {
        return refused(cat(shown(rule), " lies in what is hidden by ", shown(old.rule)));
      }
    }
    std::erase_if(rules_, [&](const Rule& old) {
      return rule.path == old.rule.path || (rule.access == Access::kHide && is_within(old.rule.path, rule.path));
    });
  }
  for (PathRule& rule : level) rules_.push_back({std::move(rule), asker});
  return {};
}

Status PathRules::check(const Powers& powers, const Place& place) const {
  for (const Rule& rule : rules_)
    if (rule.asker == Asker::kPerson) TRY(check_one(rule.rule, powers, place));
  return {};
}

Status PathRules::hide_everywhere(const PathRule& bound) {
  for (const Rule& rule : rules_) {
    if (rule.asker == Asker::kPerson && rule.rule.access != Access::kHide && is_within(rule.rule.path, bound.path))
      return refused(cat(shown(rule.rule), " is refused by ", bound.origin.text, ": hide ", printable(bound.path)));
  }
  std::erase_if(rules_, [&](const Rule& old) { return is_within(old.rule.path, bound.path); });
  rules_.push_back({bound, Asker::kPerson});
  return {};
}

Status PathRules::forbid_writing(const PathRule& bound, const Policy& policy, const Place& place) {
  const bool in_project =
      place.project && policy.project == Project::kWritable && is_within(bound.path, *place.project);
  bool writable = in_project || (policy.powers.writable_system && is_system_folder(bound.path));
  size_t nearest_length = in_project ? place.project->size() : 0;
  for (Rule& rule : rules_) {
    PathRule& one = rule.rule;
    if (one.access == Access::kWrite && is_within(one.path, bound.path)) {
      if (rule.asker == Asker::kPerson)
        return refused(cat(shown(one), " is refused by ", bound.origin.text, ": read-only ", printable(bound.path)));
      one.access = Access::kRead;
      one.origin = bound.origin;
    } else if (is_within(bound.path, one.path) && one.path.size() >= nearest_length) {
      nearest_length = one.path.size();
      writable = one.access == Access::kWrite;
    }
  }
  // Only where it lies in something writable: a rule of its own would show it otherwise.
  if (writable) rules_.push_back({bound, Asker::kPerson});
  return {};
}

std::vector<PathRule> PathRules::take() {
  std::vector<Rule*> order;
  order.reserve(rules_.size());
  for (Rule& rule : rules_) order.push_back(&rule);
  std::ranges::stable_sort(order, path_less, [](const Rule* rule) -> const std::string& { return rule->rule.path; });
  std::vector<PathRule> out;
  out.reserve(order.size());
  for (Rule* rule : order) {
    const bool again = !out.empty() && out.back().path == rule->rule.path;  // equal rules of one level
    if (!again) out.push_back(std::move(rule->rule));
  }
  return out;
}

}  // namespace confide::policy
