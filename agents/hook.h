// What is decided about one tool call of an agent's. Pure: an event and facts in, a decision out.
//
//   interpret(event) ─► Call ─ look_at_files (hook_files.h) ─► facts ─ decide ─► Decision
//
// Commands run in `confide shell`, whatever they are. File tools run in the client, unconfined, so they may touch what
// the sandbox would show and nothing else. About any other tool there is no opinion here: `confide prove` lists them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agents/hook_event.h"
#include "base/result.h"

namespace confide::agents {

enum class FileUse : uint8_t {
  kRead,
  kWrite,
  kSearch,  // reads what lies below
};
struct NamedFile {
  std::string text;  // as the call names it
  FileUse use = FileUse::kRead;
  bool operator==(const NamedFile&) const = default;
};

struct ShellCall {
  std::string command;
  bool operator==(const ShellCall&) const = default;
};
struct FileCall {
  std::vector<NamedFile> files;
  bool operator==(const FileCall&) const = default;
};
struct OtherCall {
  bool operator==(const OtherCall&) const = default;
};
using Call = std::variant<ShellCall, FileCall, OtherCall>;

// Errors (kRefused): a tool that is known has an input that is not.
Result<Call> interpret(const Event& event);

// Where one named file really is.
struct FileFact {
  std::string real;          // absolute, links resolved, as far as it exists; empty: it cannot be told
  std::string why_not;       // where `real` is empty
  bool masked = false;       // a run would mask it
  std::string masked_below;  // kSearch: a masked file at or below it
};

enum class Writable : uint8_t { kNo, kYes };
// A folder (or file) that the sandbox shows.
struct Shown {
  std::string path;
  Writable writable = Writable::kNo;
};

struct Surroundings {
  std::string program;  // absolute path of confide
  std::string folder;   // where the client was started: the project, else the working directory; real
  bool is_project = false;
  std::string cwd;                  // the event's, real; empty: it is not there
  std::vector<Shown> shown;         // the longest path that holds a file decides
  std::vector<std::string> hidden;  // never, whatever shows them: policy's own hides
  std::vector<std::string> own;     // confide's and the clients' own folders and files: never
  std::vector<std::string> kept;    // what the client keeps of its own session for the model to read
  std::vector<FileFact> files;      // one for each of FileCall::files
};

// Whether the client is to ask somebody before a rewritten command runs.
enum class Permission : uint8_t {
  kGranted,       // nobody: the command is confined
  kLeftToClient,  // as its own rules say
};
struct Rewrite {
  std::string command;
  Permission permission = Permission::kGranted;
  bool operator==(const Rewrite&) const = default;
};
struct Deny {
  std::string reason;  // one line, for the model: what, why, and what to do instead
  bool operator==(const Deny&) const = default;
};
struct NoOpinion {
  bool operator==(const NoOpinion&) const = default;
};
using Decision = std::variant<Rewrite, Deny, NoOpinion>;

Decision decide(const Event& event, const Call& call, const Surroundings& surroundings);

// One argument is at most 128 KiB (MAX_ARG_STRLEN, execve(2)), and a client puts a wrapper of its own around.
inline constexpr size_t kMaxCommandBytes = size_t{120} << 10;

// `PROGRAM shell -- 'COMMAND'`, for any POSIX shell; equal commands give equal texts.
std::string wrap_command(std::string_view program, std::string_view command);
// The command of a text that wrap_command made, and nothing for any other text.
std::optional<std::string> unwrap_command(std::string_view program, std::string_view text);

}  // namespace confide::agents
