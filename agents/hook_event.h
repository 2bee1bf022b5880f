// One PreToolUse event of a client's, as far as a decision needs it. Made by agents/hook_json.h; plain values.
//
// Sources: the events that Codex 0.169.0 and Claude Code 2.1.330 send, as tests/e2e/clients sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confide::agents {

enum class Client : uint8_t { kCodex, kClaude };
const char* name_of(Client client);  // "codex", "claude"
std::optional<Client> client_named(std::string_view name);

// A member of `tool_input`. Members that are no text keep their name only.
struct Field {
  std::string name;
  std::optional<std::string> text;
  bool operator==(const Field&) const = default;
};

struct Event {
  std::string tool;           // `tool_name`
  std::string cwd;            // where the call takes place; in Codex the model may choose it
  std::string mode;           // `permission_mode`, empty where the client does not say
  std::string transcript;     // `transcript_path`, empty where the client does not say
  std::vector<Field> fields;  // of `tool_input`, each name once
  bool operator==(const Event&) const = default;
};

}  // namespace confide::agents
