#include "policy/toolchains.h"

#include <algorithm>

#include "base/text.h"
#include "policy/embedded.h"

namespace confide::policy {
namespace {

using embedded::Toolchain;

// The entries of PATH that lie in the home, without it. An entry that is not normal leads nowhere: the table is a
// convenience, and PATH has no say in what else becomes visible.
std::vector<std::string_view> entries_in_home(const Place& place) {
  std::vector<std::string_view> out;
  for (std::string_view entry : split(place.path_variable, ':')) {
    while (entry.size() > 1 && entry.ends_with('/')) entry.remove_suffix(1);
    if (entry.size() <= place.home.size() || !is_within(entry, place.home) || !is_normal(entry)) continue;
    out.push_back(entry.substr(place.home == "/" ? 1 : place.home.size() + 1));
  }
  return out;
}

bool path_leads_to(const Toolchain& group, const std::vector<std::string_view>& entries) {
  if (group.path.empty()) return true;
  return std::ranges::any_of(entries, [&](std::string_view entry) {
    return std::ranges::any_of(group.path, [&](std::string_view folder) { return is_within(entry, folder); });
  });
}

// What several groups name (~/.local/bin) is the first one's.
void add_group(const Toolchain& group, const Place& place, const Origin& origin, std::vector<PathRule>& out) {
  const std::string_view home = place.home == "/" ? std::string_view() : std::string_view(place.home);
  const auto add = [&](std::string_view path, Access access) {
    const auto is_it = [&](const PathRule& rule) {
      return rule.path.size() == home.size() + 1 + path.size() && rule.path.ends_with(path) && rule.access == access;
    };
    if (std::ranges::none_of(out, is_it)) out.push_back({cat(home, "/", path), access, IfMissing::kSkip, origin});
  };
  for (const std::string_view path : group.read) add(path, Access::kRead);
  for (const std::string_view path : group.hide) add(path, Access::kHide);
}

}  // namespace

Result<std::vector<PathRule>> toolchain_rules(const std::vector<Item>& choice, const Place& place) {
  constexpr size_t kUsual = 64;
  std::vector<PathRule> out;
  out.reserve(kUsual);
  const auto entries = entries_in_home(place);
  for (const Item& item : choice) {
    if (item.text == "by-path") {
      if (place.home.empty()) continue;
      for (const Toolchain& group : embedded::toolchains())
        if (path_leads_to(group, entries))
          add_group(group, place, {cat("toolchain ", group.name, group.path.empty() ? " (built in)" : " (by PATH)")},
                    out);
      continue;
    }
    const auto at = std::ranges::find(embedded::toolchains(), item.text, &Toolchain::name);
    if (at == embedded::toolchains().end()) {
      return Error{ErrorKind::kRefused, 0,
                   cat(item.origin.text, ": no toolchain is called `", item.text, "`",
                       did_you_mean(item.text, toolchain_names()))};
    }
    if (!place.home.empty()) add_group(*at, place, {cat("toolchain ", at->name, " (", item.origin.text, ")")}, out);
  }
  return out;
}

std::vector<std::string_view> toolchain_names() {
  std::vector<std::string_view> names;
  for (const Toolchain& group : embedded::toolchains()) names.push_back(group.name);
  return names;
}

}  // namespace confide::policy
