// The clients' JSON, in and out. nlohmann-json is included by hook_json.cc alone, and used without exceptions.
#pragma once

#include <string>
#include <string_view>

#include "agents/hook.h"
#include "base/result.h"

namespace confide::agents {

// More is refused: a client that sends it can be answered by a smaller call.
inline constexpr size_t kMaxEventBytes = size_t{32} << 20;
inline constexpr int kMaxEventDepth = 64;

// Errors (kRefused): no JSON, not UTF-8, nested too deep, not a PreToolUse event, or a member of the wrong type. The
// text is meant for the model and quotes nothing of the event.
Result<Event> decode_event(std::string_view text);

// The answers, one line of JSON each.

// The whole `tool_input` of the event with `command` replaced: clients replace the input by what they get and do not
// merge. Errors: those of decode_event.
Result<std::string> rewrite_answer(std::string_view event, std::string_view command, Permission permission);
std::string deny_answer(std::string_view reason);

}  // namespace confide::agents
