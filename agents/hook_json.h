// The clients' JSON, in and out. nlohmann-json is included by hook_json.cc alone, and used without exceptions.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agents/hook.h"
#include "base/result.h"

namespace confide::agents {

// More is refused: a client that sends it can be answered by a smaller call.
inline constexpr size_t kMaxEventBytes = size_t{32} << 20;
inline constexpr int kMaxEventDepth = 64;

// An event as a client sent it, read once: what a decision needs of it, and all of it for the answer.
class ClientEvent {
 public:
  // Errors (kRefused): no JSON, not UTF-8, nested too deep, not a PreToolUse event, or a member of the wrong type. The
  // text is meant for the model and quotes nothing of the event.
  static Result<ClientEvent> decode(std::string_view text);
  ClientEvent(ClientEvent&&) noexcept;
  ClientEvent& operator=(ClientEvent&&) noexcept;
  ~ClientEvent();

  const Event& event() const { return event_; }
  // The answer that has the client call with the whole `tool_input` of the event, `command` replaced: clients replace
  // the input by what they get and do not merge. Uses the event up.
  std::string rewritten(std::string_view command, Permission permission) &&;

 private:
  struct Input;  // `tool_input` as it came
  ClientEvent(Event event, std::unique_ptr<Input> input);

  Event event_;
  std::unique_ptr<Input> input_;
};

// Answers are one line of JSON each.
std::string deny_answer(std::string_view reason);

}  // namespace confide::agents
