// Claude Code 2.1.330: settings.json of the account, the project and the machine.
// Source: its settings schema and tests/e2e/clients.
#include "agents/client_file.h"
#include "agents/json_text.h"
#include "base/text.h"

namespace confide::agents {
namespace {

constexpr const char* kOwnManagedName = "/managed-settings.d/confide.json";

std::string user_settings(const SetupPlaces& places) { return places.claude_folder + "/settings.json"; }

// `args` keeps the client from asking a shell; `onFailure` from going on where the hook could not be asked.
std::string group_of(const std::string& program) {
  return cat("{\n  \"matcher\": \"*\",\n  \"hooks\": [\n    {\n      \"type\": \"command\",\n      \"command\": ",
             json_quoted(program),
             ",\n      \"args\": [\"hook\", \"claude\"],\n      \"timeout\": 30,\n      \"onFailure\": \"block\"\n    "
             "}\n  ]\n}");
}

std::string managed_text(const std::string& program) {
  std::string group;
  for (const char c : group_of(program)) group += c == '\n' ? std::string("\n      ") : std::string(1, c);
  // Without the first member a user's own hook could rewrite what this one answered.
  return cat("{\n  \"allowManagedHooksOnly\": true,\n  \"hooks\": {\n    \"PreToolUse\": [\n      ", group,
             "\n    ]\n  }\n}\n");
}

std::string text_of(const JsonValue* value) {
  return value != nullptr && value->kind == JsonValue::Kind::kText ? value->text : "";
}

void remark_on(const std::string& path, const std::string& text, std::vector<std::string>& remarks) {
  const auto top = scan_json(text, printable(path));
  if (!top) return;  // reported where it matters
  const std::string file = printable(path);
  if (const JsonValue* off = top->member("disableAllHooks"); off != nullptr && off->text == "true")
    remarks.push_back(cat(file, ": disableAllHooks switches every hook off, this one too"));
  const JsonValue* permissions = top->member("permissions");
  const JsonValue* allow = permissions != nullptr ? permissions->member("allow") : nullptr;
  if (allow != nullptr) {
    for (const JsonEntry& entry : allow->entries) {
      const std::string rule = text_of(&entry.value);
      const std::string shown = printable(rule);
      if (rule.find("confide run") != std::string::npos)
        remarks.push_back(cat(file, ": permissions.allow has `", shown,
                              "`: an escape, for `confide run` takes options that widen; remove it"));
      else if (rule.starts_with("Bash") || rule.starts_with("Monitor"))
        remarks.push_back(cat(file, ": permissions.allow has `", shown,
                              "`: should the hook ever be missing, such commands run unconfined and unasked"));
    }
  }
  if (const JsonValue* sandbox = top->member("sandbox"))
    if (const JsonValue* enabled = sandbox->member("enabled"); enabled != nullptr && enabled->text == "true")
      remarks.push_back(
          cat(file,
              ": Claude Code's own sandbox is on; inside it confide has no namespaces of its own, and masks no files"));
}

}  // namespace

Result<std::vector<ClientFile>> claude_files(const SetupRequest& request, const SetupPlaces& places) {
  if (request.style == Style::kBoxed) return Error{ErrorKind::kUsage, 0, "--boxed is for codex"};
  const std::string group = group_of(request.program);
  switch (request.scope) {
    case Scope::kUser: return std::vector{json_hooks_file(user_settings(places), group, Client::kClaude)};
    case Scope::kProject:
      return std::vector{json_hooks_file(places.project + "/.claude/settings.json", group, Client::kClaude)};
    case Scope::kManaged:
      return std::vector{own_file(places.claude_managed + kOwnManagedName, managed_text(request.program))};
  }
  return Error{ErrorKind::kInternal, 0, "an unknown scope"};
}

std::vector<std::string> claude_remarks(const SetupPlaces& places, const Texts& texts) {
  std::vector<std::string> remarks;
  std::vector<std::string> paths = {user_settings(places), places.claude_managed + "/managed-settings.json"};
  if (!places.project.empty()) {
    paths.push_back(places.project + "/.claude/settings.json");
    paths.push_back(places.project + "/.claude/settings.local.json");
  }
  for (const std::string& path : paths)
    if (const auto text = texts.find(path); text != texts.end()) remark_on(path, text->second, remarks);
  return remarks;
}

}  // namespace confide::agents
