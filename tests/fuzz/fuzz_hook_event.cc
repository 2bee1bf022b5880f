// Any bytes are an event or refused; whatever is decided about one is written as JSON that is understood again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agents/hook.h"
#include "agents/hook_json.h"

using namespace confide;
using namespace confide::agents;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto sent = ClientEvent::decode(text);
  if (!sent) {
    require(sent.error().kind == ErrorKind::kRefused && sent.error().what.size() < 300);
    return 0;
  }
  const Event& event = sent->event();
  const auto call = interpret(event);
  if (!call) return 0;
  Surroundings around{.program = "/c",
                      .folder = "/p",
                      .is_project = true,
                      .cwd = "/p",
                      .shown = {{"/p", Writable::kYes}},
                      .hidden = {},
                      .own = {},
                      .kept = {},
                      .files = {}};
  if (const auto* files = std::get_if<FileCall>(&*call))
    for (const NamedFile& file : files->files) around.files.push_back({.real = "/p/" + file.text});
  const Decision decision = decide(event, *call, around);
  if (const auto* rewrite = std::get_if<Rewrite>(&decision)) {
    require(unwrap_command("/c", rewrite->command).has_value());
    const std::string answer = std::move(*sent).rewritten(rewrite->command, rewrite->permission);
    require(answer.find('\n') == answer.size() - 1);
  }
  if (const auto* deny = std::get_if<Deny>(&decision)) {
    const std::string answer = deny_answer(deny->reason);
    require(answer.find('\n') == answer.size() - 1);
  }
  return 0;
}
