#include "agents/hook_json.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace confide::agents {
namespace {

using Json = nlohmann::ordered_json;

Error refused(std::string_view why) { return {ErrorKind::kRefused, 0, cat("the client's event ", why)}; }

// The library's writer recurses, so depth is bounded before anything is built. Texts are skipped as the grammar has
// them; what is malformed is left to the parser.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxEventDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

Result<Json> parse(std::string_view text) {
  if (text.size() > kMaxEventBytes) return refused("is larger than 32 MiB");
  if (too_deep(text)) return refused("is nested too deep");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return refused("is no JSON in UTF-8");
  if (!json.is_object()) return refused("is no JSON object");
  return json;
}

// Absent is empty.
Result<std::string> text_of(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || at->is_null()) return std::string();
  if (!at->is_string()) return refused(cat("has no text in `", name, "`"));
  return at->get_ref<const std::string&>();
}

std::string written(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json answer(const char* decision) {
  Json output = {{"hookEventName", "PreToolUse"}};
  if (decision != nullptr) output["permissionDecision"] = decision;
  return output;
}

}  // namespace

struct ClientEvent::Input {
  Json json;
};

ClientEvent::ClientEvent(Event event, std::unique_ptr<Input> input)
    : event_(std::move(event)), input_(std::move(input)) {}
ClientEvent::ClientEvent(ClientEvent&&) noexcept = default;
ClientEvent& ClientEvent::operator=(ClientEvent&&) noexcept = default;
ClientEvent::~ClientEvent() = default;

Result<ClientEvent> ClientEvent::decode(std::string_view text) {
  Json json = TRY(parse(text));
  if (TRY(text_of(json, "hook_event_name")) != "PreToolUse") return refused("is no PreToolUse event");
  Event event{.tool = TRY(text_of(json, "tool_name")),
              .cwd = TRY(text_of(json, "cwd")),
              .mode = TRY(text_of(json, "permission_mode")),
              .transcript = TRY(text_of(json, "transcript_path")),
              .fields = {}};
  if (event.tool.empty()) return refused("names no tool");
  const auto input = json.find("tool_input");
  if (input == json.end() || !input->is_object()) return refused("has no object in `tool_input`");
  for (const auto& [name, value] : input->items()) {
    Field field{name, {}};
    if (value.is_string()) field.text = value.get_ref<const std::string&>();
    event.fields.push_back(std::move(field));
  }
  return ClientEvent(std::move(event), std::make_unique<Input>(std::move(*input)));
}

std::string ClientEvent::rewritten(std::string_view command, Permission permission) && {
  Json& input = input_->json;
  input["command"] = command;
  Json output = answer(permission == Permission::kGranted ? "allow" : nullptr);
  output["updatedInput"] = std::move(input);
  return written({{"hookSpecificOutput", std::move(output)}}) + "\n";
}

std::string deny_answer(std::string_view reason) {
  Json output = answer("deny");
  output["permissionDecisionReason"] = cat("confide: ", reason);
  return written({{"hookSpecificOutput", std::move(output)}}) + "\n";
}

}  // namespace confide::agents
