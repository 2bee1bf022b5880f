// One file of a client's as setup.cc handles it, whatever is in it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agents/setup.h"

namespace confide::agents {

using MaybeText = std::optional<std::string>;  // nothing: there is no file

struct ClientFile {
  std::string path;
  // It says already all that it should.
  std::function<Result<bool>(const MaybeText&)> is_set;
  // The text after each single change, the last being the whole.
  std::function<Result<std::vector<std::string>>(const MaybeText&)> add;
  // Without anything of confide's, however it came there. Nothing: the file goes.
  std::function<Result<MaybeText>(const std::string&)> strip;
};

// A file that is confide's alone and holds `text`. The first line of it names confide, so that it is known again.
ClientFile own_file(std::string path, std::string text);

// --- claude.cc, codex.cc
Result<std::vector<ClientFile>> claude_files(const SetupRequest& request, const SetupPlaces& places);
Result<std::vector<ClientFile>> codex_files(const SetupRequest& request, const SetupPlaces& places, const Texts& texts);
std::vector<std::string> claude_remarks(const SetupPlaces& places, const Texts& texts);
std::vector<std::string> codex_remarks(const SetupRequest& request, const SetupPlaces& places, const Texts& texts);

// --- json_hooks.cc: {"hooks": {"PreToolUse": [{"matcher": …, "hooks": [{…}]}]}}, which both clients have
struct HookPlace {
  size_t group = 0;
  size_t index = 0;
};
// `hook` is the hook's object and `group` the group's, as lines of JSON; a group is up to date if it equals `group`.
ClientFile json_hooks_file(std::string path, std::string group, Client client);
// Where confide's hook will stand in a file of such hooks, once it is set.
Result<HookPlace> hook_place(const MaybeText& text, const std::string& path, Client client);

}  // namespace confide::agents
