#include "agents/setup.h"

#include "agents/client_file.h"
#include "base/text.h"

namespace confide::agents {
namespace {

Result<std::vector<ClientFile>> client_files(const SetupRequest& request, const SetupPlaces& places,
                                             const Texts& texts) {
  return request.client == Client::kClaude ? claude_files(request, places) : codex_files(request, places, texts);
}

bool is_blank(std::string_view text) { return trim(text).empty() || trim(text) == "{}"; }

// What the file was before confide, as far as that can be told.
Result<MaybeText> without_ours(const ClientFile& file, const MaybeText& text, const Record* record) {
  if (!text) return MaybeText();
  MaybeText left;
  if (record != nullptr) left = undone(*text, record->edits);
  if (!left) left = TRY(file.strip(*text));
  const bool existed = record == nullptr || record->existed;
  return left && !existed && is_blank(*left) ? MaybeText() : left;
}

Result<std::optional<SetupChange>> plan_file(Act act, const ClientFile& file, const MaybeText& text,
                                             const Record* record) {
  SetupChange change{.path = file.path, .before = text};
  if (act == Act::kRemove) {
    change.after = TRY(without_ours(file, text, record));
  } else {
    if (TRY(file.is_set(text))) return std::optional<SetupChange>();
    const MaybeText base = TRY(without_ours(file, text, record));
    std::string last = base ? *base : "";
    for (std::string& step : TRY(file.add(base))) {
      change.edits.push_back(edit_between(last, step));
      last = std::move(step);
    }
    change.after = std::move(last);
  }
  if (change.after == text) return std::optional<SetupChange>();
  return std::optional(std::move(change));
}

}  // namespace

ClientFile own_file(std::string path, std::string text) {
  ClientFile file{.path = path};
  file.is_set = [=](const MaybeText& found) -> Result<bool> { return found == text; };
  file.add = [=](const MaybeText& found) -> Result<std::vector<std::string>> {
    if (found && found->find("confide") == std::string::npos)
      return Error{ErrorKind::kRefused, 0, cat(printable(path), " is there and is not confide's; move it away")};
    return std::vector{text};
  };
  file.strip = [=](const std::string& found) -> Result<MaybeText> {
    return found.find("confide") == std::string::npos ? MaybeText(found) : MaybeText();
  };
  return file;
}

std::vector<std::string> files_to_read(const SetupRequest& request, const SetupPlaces& places) {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& folder, std::initializer_list<const char*> names) {
    if (folder.empty()) return;
    for (const char* name : names) paths.push_back(cat(folder, "/", name));
  };
  if (request.client == Client::kClaude) {
    add(places.claude_folder, {"settings.json"});
    add(places.project, {".claude/settings.json", ".claude/settings.local.json"});
    add(places.claude_managed, {"managed-settings.json", "managed-settings.d/confide.json"});
  } else {
    add(places.codex_folder,
        {"config.toml", "hooks.json", "environments.toml", "rules/confide.rules", "rules/default.rules"});
    add(places.project, {".codex/config.toml", ".codex/hooks.json"});
    add(places.codex_managed, {"requirements.toml", "rules/confide.rules"});
  }
  return paths;
}

Result<SetupPlan> plan_setup(Act act, const SetupRequest& request, const SetupPlaces& places, const Texts& texts,
                             const std::map<std::string, Record>& records) {
  if (request.scope == Scope::kProject && places.project.empty())
    return Error{ErrorKind::kRefused, 0, "--project: there is no project here (a folder with .git or confide.toml)"};
  SetupPlan plan;
  for (const ClientFile& file : TRY(client_files(request, places, texts))) {
    const auto text = texts.find(file.path);
    const auto record = records.find(file.path);
    auto change = TRY(plan_file(act, file, text == texts.end() ? MaybeText() : MaybeText(text->second),
                                record == records.end() ? nullptr : &record->second));
    if (change) plan.changes.push_back(std::move(*change));
  }
  if (act == Act::kSet)
    plan.remarks =
        request.client == Client::kClaude ? claude_remarks(places, texts) : codex_remarks(request, places, texts);
  return plan;
}

}  // namespace confide::agents
