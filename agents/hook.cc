#include "agents/hook.h"

#include <algorithm>

#include "agents/guarded.h"
#include "agents/patch.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "policy/paths.h"

namespace confide::agents {
namespace {

const std::string* text_at(const Event& event, std::string_view name) {
  for (const Field& field : event.fields)
    if (field.name == name) return field.text ? &*field.text : nullptr;
  return nullptr;
}

bool has(const Event& event, std::string_view name) {
  return std::ranges::any_of(event.fields, [&](const Field& field) { return field.name == name; });
}

Error not_understood(const Event& event, std::string_view field) {
  return {ErrorKind::kRefused, 0,
          cat("the call of ", printable(event.tool), " has no text in `", field, "`, so it cannot be decided")};
}

bool is_shell(std::string_view tool) {
  constexpr std::string_view kShells[] = {"Bash",        "Monitor",       "PowerShell",   "shell",
                                          "local_shell", "shell_command", "exec_command", "unified_exec"};
  return std::ranges::find(kShells, tool) != std::end(kShells);
}

// A file tool, the member that names its file, and the use.
struct FileTool {
  std::string_view tool;
  std::string_view member;
  FileUse use;
  enum class Without : uint8_t { kError, kWorkingDirectory } without = Without::kError;
};
constexpr FileTool kFileTools[] = {
    {"Read", "file_path", FileUse::kRead},
    {"Write", "file_path", FileUse::kWrite},
    {"Edit", "file_path", FileUse::kWrite},
    {"MultiEdit", "file_path", FileUse::kWrite},
    {"NotebookRead", "notebook_path", FileUse::kRead},
    {"NotebookEdit", "notebook_path", FileUse::kWrite},
    {"LS", "path", FileUse::kRead, FileTool::Without::kWorkingDirectory},
    {"Grep", "path", FileUse::kSearch, FileTool::Without::kWorkingDirectory},
    {"Glob", "path", FileUse::kRead, FileTool::Without::kWorkingDirectory},
    {"view_image", "path", FileUse::kRead},
};

// A pattern may lead away from the folder it is looked for in: `/etc/*`, `~/.ssh/*`, `../*`.
std::string folder_of_pattern(std::string_view pattern) {
  std::string_view fixed = pattern.substr(0, pattern.find_first_of("*?[{"));
  const size_t slash = fixed.rfind('/');
  return slash == std::string_view::npos ? "." : slash == 0 ? "/" : std::string(fixed.substr(0, slash));
}

Result<Call> interpret_file_tool(const FileTool& row, const Event& event) {
  FileCall call;
  const std::string* named = text_at(event, row.member);
  if (named != nullptr)
    call.files.push_back({*named, row.use});
  else if (row.without == FileTool::Without::kWorkingDirectory && !has(event, row.member))
    call.files.push_back({".", row.use});
  else
    return not_understood(event, row.member);
  if (row.tool == "Glob") {
    const std::string* pattern = text_at(event, "pattern");
    if (pattern == nullptr) return not_understood(event, "pattern");
    if (pattern->starts_with('/') || pattern->starts_with('~'))
      call.files.push_back({folder_of_pattern(*pattern), FileUse::kRead});
    if (pattern->find("..") != std::string::npos)
      return Error{ErrorKind::kRefused, 0, "patterns with .. are not taken; give `path`"};
  }
  return Call(std::move(call));
}

// Tools that nobody has told us of, by the names that file tools give their members.
std::vector<NamedFile> files_by_member(const Event& event) {
  std::vector<NamedFile> files;
  for (const char* member : {"file_path", "filePath", "notebook_path", "path"})
    if (const std::string* text = text_at(event, member)) files.push_back({*text, FileUse::kWrite});
  if (const std::string* script = text_at(event, "scriptPath")) files.push_back({*script, FileUse::kRead});
  return files;
}

// `apply_patch` typed as a command: Codex carries it out itself, but not once it is wrapped.
bool is_typed_patch(std::string_view command) {
  const std::string_view word = trim(command);
  return word.starts_with("apply_patch") || word.starts_with("applypatch");
}

std::string_view cure(const Event& event) {
  return event.tool == "apply_patch" || event.tool == "view_image"
             ? "work inside the project, or run a command: commands run in a sandbox"
             : "work inside the project, or use the Bash tool: its commands run in a sandbox";
}

const Shown* shown_by(const std::string& path, const Surroundings& surroundings) {
  const Shown* best = nullptr;
  for (const Shown& shown : surroundings.shown)
    if (policy::is_within(path, shown.path) && (best == nullptr || shown.path.size() >= best->path.size()))
      best = &shown;
  return best;
}

bool within_any(const std::string& path, const std::vector<std::string>& folders) {
  return std::ranges::any_of(folders, [&](const std::string& folder) { return policy::is_within(path, folder); });
}

std::optional<Deny> judge_file(const Event& event, const NamedFile& file, const FileFact& fact,
                               const Surroundings& around) {
  const std::string name = shell_quote(printable(file.text));
  if (fact.real.empty()) return Deny{cat(name, ": ", fact.why_not)};
  if (file.use == FileUse::kRead && within_any(fact.real, around.kept)) return {};
  if (within_any(fact.real, around.own))
    return Deny{
        cat(name, " belongs to confide or to an agent's settings; no tool may touch it. Ask the person to change it")};
  const Shown* shown = shown_by(fact.real, around);
  if (shown == nullptr || within_any(fact.real, around.hidden)) {
    return Deny{cat(name, " is outside the ", around.is_project ? "project" : "working directory", " ",
                    shell_quote(printable(around.folder)), "; ", cure(event))};
  }
  if (fact.masked)
    return Deny{
        cat(name, " is masked: it may hold secrets. Do without its content; ask the person which names it defines")};
  if (!fact.masked_below.empty()) {
    return Deny{cat("a search in ", name, " would read ", shell_quote(printable(fact.masked_below)),
                    ", which is masked; search with grep or rg in a command instead: it runs in a sandbox")};
  }
  if (file.use != FileUse::kWrite) return {};
  if (const auto guarded = guarded_part(std::string_view(fact.real).substr(shown->path.size()))) {
    return Deny{cat(name, " is read-only for an agent, because `", *guarded,
                    "` decides what later runs outside the sandbox. Ask the person to make the change")};
  }
  if (shown->writable == Writable::kNo) {
    return Deny{around.is_project ? cat(name, " is read-only in this sandbox profile; tell the person")
                                  : cat(name, " can be read only: ", shell_quote(printable(around.folder)),
                                        " is no project (it holds neither .git nor confide.toml); tell the person")};
  }
  return {};
}

Decision decide_shell(const Event& event, const ShellCall& call, const Surroundings& around) {
  if (around.cwd.empty())
    return Deny{"the working directory of this call is not there; leave it out, or name a folder of the project"};
  // Elsewhere another project would be shown; the model may choose the folder.
  if (around.is_project ? !policy::is_within(around.cwd, around.folder) : around.cwd != around.folder) {
    return Deny{cat("the working directory ", shell_quote(printable(event.cwd)), " is outside ",
                    shell_quote(printable(around.folder)), ", where this session was started; leave it out")};
  }
  if (call.command.find('\0') != std::string::npos) return Deny{"the command holds a NUL byte; write it without"};
  if (is_typed_patch(call.command))
    return Deny{"apply_patch is no command here: use the apply_patch tool, or edit the file with sed, ed or a script"};
  // What the model copied from an earlier answer is not wrapped twice.
  const auto inner = unwrap_command(around.program, call.command);
  std::string command = wrap_command(around.program, inner ? *inner : call.command);
  if (command.size() > kMaxCommandBytes) {
    return Deny{cat("the command is too long (", call.command.size(),
                    " bytes; about 120,000 fit in one argument). Write it to a file in the project and run that")};
  }
  // In plan mode nothing is to be changed, and a confined command can change the project: the client's rules decide.
  return Rewrite{std::move(command), event.mode == "plan" ? Permission::kLeftToClient : Permission::kGranted};
}

}  // namespace

Result<Call> interpret(const Event& event) {
  if (is_shell(event.tool)) {
    const std::string* command = text_at(event, "command");
    if (command == nullptr) return not_understood(event, "command");
    return Call(ShellCall{*command});
  }
  if (event.tool == "apply_patch") {
    const std::string* patch = text_at(event, "command");
    if (patch == nullptr) patch = text_at(event, "input");
    if (patch == nullptr) return not_understood(event, "command");
    FileCall call;
    for (std::string& path : files_of_patch(*patch)) call.files.push_back({std::move(path), FileUse::kWrite});
    if (call.files.empty()) return Error{ErrorKind::kRefused, 0, "the patch names no file (*** Add File: PATH)"};
    return Call(std::move(call));
  }
  for (const FileTool& row : kFileTools)
    if (row.tool == event.tool) return interpret_file_tool(row, event);
  if (event.tool.starts_with("mcp__")) return Call(OtherCall{});
  if (auto files = files_by_member(event); !files.empty()) return Call(FileCall{std::move(files)});
  return Call(OtherCall{});
}

Decision decide(const Event& event, const Call& call, const Surroundings& around) {
  return std::visit(Overloaded{
                        [&](const ShellCall& shell) { return decide_shell(event, shell, around); },
                        [&](const FileCall& files) -> Decision {
                          if (files.files.size() != around.files.size())
                            return Deny{"the files of this call were not looked at (an error of confide's; report it)"};
                          for (size_t i = 0; i < files.files.size(); ++i)
                            if (auto deny = judge_file(event, files.files[i], around.files[i], around)) return *deny;
                          return NoOpinion{};
                        },
                        [](const OtherCall&) -> Decision { return NoOpinion{}; },
                    },
                    call);
}

}  // namespace confide::agents
