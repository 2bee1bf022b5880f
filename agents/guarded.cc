#include "agents/guarded.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace confide::agents {
namespace {

// Sorted by what reads them: git; agents; editors; shells and direnv; confide.
constexpr std::string_view kGuarded[] = {
    ".git",          ".husky",           ".githooks",    ".claude",  ".codex",       ".mcp.json",
    ".agents",       ".vscode",          ".idea",        ".exrc",    ".nvimrc",      ".bashrc",
    ".bash_profile", ".bash_login",      ".bash_logout", ".profile", ".zshrc",       ".zshenv",
    ".zprofile",     ".zlogin",          ".zlogout",     ".kshrc",   ".xprofile",    ".xsessionrc",
    ".inputrc",      ".pam_environment", "config.fish",  ".envrc",   "confide.toml",
};

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
    if (std::ranges::find(kGuarded, part) == std::end(kGuarded)) continue;
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
