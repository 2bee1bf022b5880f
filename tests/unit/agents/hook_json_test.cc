#include "agents/hook_json.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace confide::agents {
namespace {

constexpr const char* kBash =
    R"({"session_id":"s","cwd":"/p","hook_event_name":"PreToolUse","permission_mode":"default","tool_name":"Bash",)"
    R"("tool_input":{"description":"d","command":"a","timeout":1.5,"run_in_background":true,"nested":{"x":[1,null]}}})";

TEST(Decode, TakesWhatDecidesAndTheNamesOfTheRest) {
  const auto event = ClientEvent::decode(kBash);
  ASSERT_TRUE(event) << event.error().what;
  EXPECT_EQ(
      event->event(),
      (Event{.tool = "Bash",
             .cwd = "/p",
             .mode = "default",
             .transcript = {},
             .fields = {
                 {"description", "d"}, {"command", "a"}, {"timeout", {}}, {"run_in_background", {}}, {"nested", {}}}}));
}

TEST(Decode, TheLastOfTwoMembersCountsAsInTheClients) {
  const auto event = ClientEvent::decode(
      R"({"hook_event_name":"PreToolUse","tool_name":"Read","tool_name":"Bash","tool_input":{"command":"a","command":"b"}})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event().tool, "Bash");
  EXPECT_EQ(event->event().fields, (std::vector<Field>{{"command", "b"}}));
}

TEST(Decode, RefusesWhatIsNoEvent) {
  const std::string deep = std::string(kMaxEventDepth + 1, '[');
  for (const std::string& text : {
           std::string(),
           std::string("null"),
           std::string("[]"),
           std::string("{"),
           std::string("{}"),
           std::string(kBash) + "x",
           std::string(R"({"hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{}})"),
           std::string(R"({"hook_event_name":"PreToolUse","tool_name":"","tool_input":{}})"),
           std::string(R"({"hook_event_name":"PreToolUse","tool_name":"Bash"})"),
           std::string(R"({"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":[]})"),
           std::string(R"({"hook_event_name":"PreToolUse","tool_name":7,"tool_input":{}})"),
           std::string(R"({"hook_event_name":"PreToolUse","tool_name":"Bash","cwd":[],"tool_input":{}})"),
           std::string(
               "{\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"\xff\"}}"),
           std::string(R"({"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"\ud800"}})"),
           cat(R"({"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"a":)", deep, "}}"),
       }) {
    const auto event = ClientEvent::decode(text);
    ASSERT_FALSE(event) << text;
    EXPECT_EQ(event.error().kind, ErrorKind::kRefused);
    EXPECT_EQ(event.error().what.find('\n'), std::string::npos);
  }
}

TEST(Decode, BracketsInTextsAreNoDepth) {
  EXPECT_TRUE(ClientEvent::decode(cat(R"({"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":")",
                                      std::string(1000, '['), R"(\"[["}})")));
}

TEST(Answers, ARewriteKeepsTheWholeInputInItsOrder) {
  auto event = ClientEvent::decode(kBash);
  ASSERT_TRUE(event);
  EXPECT_EQ(
      std::move(*event).rewritten("b 'c'\n", Permission::kGranted),
      R"({"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow","updatedInput":)"
      R"({"description":"d","command":"b 'c'\n","timeout":1.5,"run_in_background":true,"nested":{"x":[1,null]}}}})"
      "\n");
}

TEST(Answers, WithoutAGrantTheClientDecides) {
  auto event = ClientEvent::decode(kBash);
  ASSERT_TRUE(event);
  const std::string answer = std::move(*event).rewritten("b", Permission::kLeftToClient);
  EXPECT_EQ(answer.find("permissionDecision"), std::string::npos);
}

TEST(Answers, ADenialIsOneLineWhateverItsReason) {
  EXPECT_EQ(deny_answer("a \"b\"\n\xff"),
            "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"permissionDecision\":\"deny\","
            "\"permissionDecisionReason\":\"confide: a \\\"b\\\"\\n\xef\xbf\xbd\"}}\n");
}

}  // namespace
}  // namespace confide::agents
