// A program run to its end with its output kept, for `confide prove`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace confide::cli {

struct Finished {
  int exit_code = 0;  // 128 + N for signal N
  bool timed_out = false;
  std::string output;  // the first 256 KiB
  std::string errors;
};
// Standard input is /dev/null, or this process's own. Errors: kSystem.
enum class Input : uint8_t { kNothing, kInherited };
Result<Finished> run_program(const std::vector<std::string>& argv, int timeout_ms, Input input = Input::kNothing);

}  // namespace confide::cli
