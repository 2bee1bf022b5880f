// --secret: what was accepted can be written again from its parts.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "policy/reference.h"

using namespace confide;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto flag = policy::parse_secret_flag(text);
  if (!flag) {
    if (flag.error().kind != ErrorKind::kRefused || flag.error().what.empty()) __builtin_trap();
    return 0;
  }
  if (!policy::check_variable_name(flag->name)) __builtin_trap();
  std::string again = cat(flag->name, "=", flag->reference.text, ",deliver=", policy::name_of(flag->deliver));
  if (!flag->path.empty()) again += cat(",path=", flag->path);
  if (policy::parse_secret_flag(again).value() != *flag) __builtin_trap();
  return 0;
}
