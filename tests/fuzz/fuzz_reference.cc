// References and the variables in them: never a crash, and what was accepted is accepted again, the same.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/reference.h"

using namespace confide;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void check_parse(std::string_view text) {
  const auto reference = policy::parse_reference(text);
  if (!reference) {
    require(reference.error().kind == ErrorKind::kRefused && reference.error().what.starts_with("column "));
    return;
  }
  require(reference->text == text);
  require(policy::looks_like_reference(text));
  require(!policy::misspelt_scheme(text));
  require(policy::parse_reference(text).value() == *reference);
  for (const char c : text) require(c != '\0' && c != '\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_parse(text);
  const auto expanded = policy::expand_variables(text, [](std::string_view name) -> std::optional<std::string> {
    if (name.size() % 2 == 0) return std::string(name);
    return std::nullopt;
  });
  if (expanded) check_parse(*expanded);
  const size_t dollar = text.find('$');
  if (dollar != std::string_view::npos) {
    const auto tag = policy::variable_at(text.substr(dollar));
    if (tag && *tag) require((*tag)->length <= text.size() - dollar && !(*tag)->name.empty());
  }
  return 0;
}
