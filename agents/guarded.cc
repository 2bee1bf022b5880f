#include "agents/guarded.h"

#include <algorithm>

#include "base/text.h"
#include "policy/runs_later.h"

namespace confide::agents {
namespace {

// Whatever a member's first folder holds: what git keeps beside its hooks decides as well.
bool is_guarded(std::string_view name) {
  return std::ranges::any_of(policy::runs_later(), [&](const policy::RunsLater& member) {
    return member.path.substr(0, member.path.find('/')) == name;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace

std::optional<std::string> guarded_part(std::string_view path) {
  const auto parts = split(path, '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string part = lower(parts[i]);
    if (!is_guarded(part)) continue;
    // Claude Code puts the working trees that it makes for itself below .claude/worktrees/NAME/.
    if (part == ".claude" && i + 3 < parts.size() && lower(parts[i + 1]) == "worktrees") {
      i += 2;
      continue;
    }
    return std::string(parts[i]);
  }
  return {};
}

}  // namespace confide::agents
