// What a client's configuration must say so that confide is asked, as changes to texts. Pure: who calls reads and
// writes.
//
//   const auto files = files_of(request, places);          which files, before they are read
//   for each: plan(file, its text, its record) ─► Planned    what to write, and how it is taken back
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/edits.h"
#include "agents/hook_event.h"
#include "base/result.h"

namespace confide::agents {

enum class Scope : uint8_t {
  kUser,     // the account's own settings
  kProject,  // the project's; a client asks whether the project is trusted
  kManaged,  // the machine's, below /etc: no user can switch it off
};
enum class Style : uint8_t {
  kHook,   // the client asks before each tool call
  kBoxed,  // Codex only: all of its commands run in one sandbox, started by it
};
enum class Act : uint8_t { kSet, kRemove };

struct SetupRequest {
  Client client = Client::kClaude;
  Scope scope = Scope::kUser;
  Style style = Style::kHook;
  std::string program;  // absolute path of confide
  std::string codex;    // kBoxed: absolute path of the native program codex
};

// Where the clients keep their settings: absolute, without a slash at the end.
struct SetupPlaces {
  std::string claude_folder;  // $CLAUDE_CONFIG_DIR, ~/.claude
  std::string codex_folder;   // $CODEX_HOME, ~/.codex
  std::string project;        // empty: none
  std::string claude_managed = "/etc/claude-code";
  std::string codex_managed = "/etc/codex";
};

// Present files by path.
using Texts = std::map<std::string, std::string>;

struct SetupChange {
  std::string path;
  std::optional<std::string> before;
  std::optional<std::string> after;
  std::vector<Edit> edits;  // from what a removal leaves to `after`
};
struct SetupPlan {
  std::vector<SetupChange> changes;  // in the order of writing; none for files that are as they should be
  std::vector<std::string> remarks;  // what a person should know of what stands there already
};

// The files that plan_setup wants to see, whether they are there or not.
std::vector<std::string> files_to_read(const SetupRequest& request, const SetupPlaces& places);

// `records`: of earlier changes, by path. Errors (kRefused) name file and line: a file that is no JSON or TOML, or that
// says something else in the place where confide would. Then nothing is to be written.
Result<SetupPlan> plan_setup(Act act, const SetupRequest& request, const SetupPlaces& places, const Texts& texts,
                             const std::map<std::string, Record>& records);

}  // namespace confide::agents
