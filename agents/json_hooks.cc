// {"hooks": {"PreToolUse": [{"matcher": …, "hooks": [{…}]}]}}: the form of hooks in JSON that both clients read.
#include "agents/client_file.h"
#include "agents/json_text.h"
#include "base/text.h"

namespace confide::agents {
namespace {

using Kind = JsonValue::Kind;

// No deeper than the parser's kMaxDepth. NOLINTNEXTLINE(misc-no-recursion)
bool same(const JsonValue& a, const JsonValue& b) {
  if (a.kind != b.kind || a.text != b.text || a.entries.size() != b.entries.size()) return false;
  for (size_t i = 0; i < a.entries.size(); ++i)
    if (a.entries[i].name != b.entries[i].name || !same(a.entries[i].value, b.entries[i].value)) return false;
  return true;
}

std::string text_of(const JsonValue* value) {
  return value != nullptr && value->kind == Kind::kText ? value->text : "";
}

// A hook that calls `confide hook CLIENT`, wherever the program lies: in the exec form, or as a command of a shell's.
bool is_ours(const JsonValue& hook, Client client) {
  std::string command = text_of(hook.member("command"));
  if (const JsonValue* args = hook.member("args"))
    for (const JsonEntry& arg : args->entries) command += cat(" ", text_of(&arg.value));
  const std::string tail = cat(" hook ", name_of(client));
  if (!command.ends_with(tail)) return false;
  command.resize(command.size() - tail.size());
  return command == "confide" || command.ends_with("/confide") || command.ends_with("/confide'") ||
         command.ends_with("/confide\"");
}

// The list of groups, where there is one. Errors for what clients would not understand either.
Result<const JsonValue*> groups_of(const JsonValue& top, std::string_view text, const std::string& path) {
  const auto wrong = [&](const JsonValue& value, std::string_view what) {
    const size_t line = 1 + split(text.substr(0, value.begin), '\n').size() - 1;
    return Error{ErrorKind::kRefused, 0, cat(printable(path), ":", line, ": ", what)};
  };
  const JsonValue* none = nullptr;
  if (top.kind != Kind::kObject) return wrong(top, "this should be an object");
  const JsonValue* hooks = top.member("hooks");
  if (hooks == nullptr) return none;
  if (hooks->kind != Kind::kObject) return wrong(*hooks, "`hooks` should be an object");
  const JsonValue* groups = hooks->member("PreToolUse");
  if (groups == nullptr) return none;
  if (groups->kind != Kind::kArray) return wrong(*groups, "`PreToolUse` should be a list");
  return groups;
}

std::optional<HookPlace> find_ours(const JsonValue* groups, Client client) {
  if (groups == nullptr) return {};
  for (size_t group = 0; group < groups->entries.size(); ++group) {
    const JsonValue* hooks = groups->entries[group].value.member("hooks");
    for (size_t index = 0; hooks != nullptr && index < hooks->entries.size(); ++index)
      if (is_ours(hooks->entries[index].value, client)) return HookPlace{group, index};
  }
  return {};
}

Result<std::string> with_group(const std::string& text, const std::string& path, const std::string& group) {
  const JsonValue top = TRY(scan_json(text, printable(path)));
  const JsonValue* groups = TRY(groups_of(top, text, path));
  if (groups != nullptr) return with_element(text, *groups, group);
  std::string indented = "[\n  ";
  for (const char c : group) indented += c == '\n' ? std::string("\n  ") : std::string(1, c);
  indented += "\n]";
  if (const JsonValue* hooks = top.member("hooks")) return with_member(text, *hooks, "PreToolUse", indented);
  std::string object = "{\n  \"PreToolUse\": ";
  for (const char c : indented) object += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return with_member(text, top, "hooks", object + "\n}");
}

// The index of a member; it is there.
size_t index_of(const JsonValue& object, std::string_view name) {
  size_t at = object.entries.size() - 1;
  while (object.entries[at].name != name) --at;
  return at;
}

// Without one hook of ours; its group, list and object go where nothing else is in them.
Result<std::string> without_hook(std::string text, const std::string& path, HookPlace place) {
  const JsonValue top = TRY(scan_json(text, printable(path)));
  const JsonValue& hooks = *top.member("hooks");
  const JsonValue& groups = *hooks.member("PreToolUse");
  const JsonValue& in_group = *groups.entries[place.group].value.member("hooks");
  if (in_group.entries.size() > 1) return without_entry(text, in_group, place.index);
  if (groups.entries.size() > 1) return without_entry(text, groups, place.group);
  if (hooks.entries.size() > 1) return without_entry(text, hooks, index_of(hooks, "PreToolUse"));
  return without_entry(text, top, index_of(top, "hooks"));
}

}  // namespace

Result<HookPlace> hook_place(const MaybeText& text, const std::string& path, Client client) {
  const JsonValue top = TRY(scan_json(text ? *text : "{}", printable(path)));
  const JsonValue* groups = TRY(groups_of(top, text ? *text : "{}", path));
  if (const auto place = find_ours(groups, client)) return *place;
  return HookPlace{groups == nullptr ? 0 : groups->entries.size(), 0};
}

ClientFile json_hooks_file(std::string path, std::string group, Client client) {
  ClientFile file{.path = path};
  file.is_set = [=](const MaybeText& text) -> Result<bool> {
    if (!text) return false;
    const JsonValue top = TRY(scan_json(*text, printable(path)));
    const JsonValue* groups = TRY(groups_of(top, *text, path));
    const auto place = find_ours(groups, client);
    return place && same(groups->entries[place->group].value, TRY(scan_json(group, "")));
  };
  file.add = [=](const MaybeText& text) -> Result<std::vector<std::string>> {
    return std::vector{TRY(with_group(text ? *text : "{}\n", path, group))};
  };
  file.strip = [=](std::string text) -> Result<MaybeText> {
    for (;;) {
      const JsonValue top = TRY(scan_json(text, printable(path)));
      const auto place = find_ours(TRY(groups_of(top, text, path)), client);
      if (!place) return MaybeText(std::move(text));
      text = TRY(without_hook(std::move(text), path, *place));
    }
  };
  return file;
}

}  // namespace confide::agents
