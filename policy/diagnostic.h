// One complaint about a policy file, with its place.
#pragma once

#include <cstdint>
#include <string>

namespace confide::policy {

struct Diagnostic {
  std::string file;
  uint32_t line = 0;    // from 1
  uint32_t column = 0;  // from 1, in code points
  std::string message;  // one line; never holds the value of a variable
  bool operator==(const Diagnostic&) const = default;
};

// "confide.toml:14:3: unknown key `netwrok` in [profile.x]; did you mean `network`?"
std::string to_text(const Diagnostic& diagnostic);

}  // namespace confide::policy
