#include "policy/runs_later.h"

#include <algorithm>

namespace confide::policy {
namespace {

constexpr auto kFile = RunsLater::Kind::kFile;
constexpr auto kFolder = RunsLater::Kind::kFolder;
constexpr auto kState = RunsLater::Kind::kState;
constexpr auto kByMounts = RunsLater::Held::kByMounts;
constexpr auto kByHook = RunsLater::Held::kByHook;

constexpr RunsLater kMembers[] = {
    // git (gitrepository-layout(5)). commondir and config.worktree send it to another configuration; "." says nothing
    // else than the absence of the one, and neither does an empty other. Below .git all is held by the hook.
    {".git/hooks", kFolder, kByMounts, ""},
    {".git/config", kFile, kByMounts, ""},
    {".git/modules", kFolder, kByMounts, ""},
    {".git/commondir", kFile, kByMounts, ".\n"},
    {".git/config.worktree", kFile, kByMounts, "\n"},
    {".git", kFolder, kByHook, ""},
    {".husky", kFolder, kByMounts, ""},
    {".githooks", kFolder, kByHook, ""},
    // agents
    {".claude", kState, kByMounts, ""},
    {".codex", kState, kByMounts, ""},
    {".agents", kFolder, kByHook, ""},
    {".mcp.json", kFile, kByMounts, ""},
    // editors
    {".vscode", kFolder, kByMounts, ""},
    {".idea", kFolder, kByMounts, ""},
    {".exrc", kFile, kByHook, ""},
    {".nvimrc", kFile, kByHook, ""},
    // shells, logins, direnv
    {".envrc", kFile, kByMounts, ""},
    {".bashrc", kFile, kByHook, ""},
    {".bash_profile", kFile, kByHook, ""},
    {".bash_login", kFile, kByHook, ""},
    {".bash_logout", kFile, kByHook, ""},
    {".profile", kFile, kByHook, ""},
    {".zshrc", kFile, kByHook, ""},
    {".zshenv", kFile, kByHook, ""},
    {".zprofile", kFile, kByHook, ""},
    {".zlogin", kFile, kByHook, ""},
    {".zlogout", kFile, kByHook, ""},
    {".kshrc", kFile, kByHook, ""},
    {".xprofile", kFile, kByHook, ""},
    {".xsessionrc", kFile, kByHook, ""},
    {".inputrc", kFile, kByHook, ""},
    {".pam_environment", kFile, kByHook, ""},
    {"config.fish", kFile, kByHook, ""},
    // confide
    {"confide.toml", kFile, kByMounts, ""},
};

}  // namespace

std::span<const RunsLater> runs_later() { return kMembers; }

const RunsLater* find_runs_later(std::string_view path) {
  const auto at = std::ranges::find(kMembers, path, &RunsLater::path);
  return at == std::end(kMembers) ? nullptr : at;
}

}  // namespace confide::policy
