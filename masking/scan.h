// Whether bytes at rest hold a secret in any form: what a run may leave behind is looked through before it is released.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "masking/forms.h"
#include "masking/tables.h"

namespace confide::masking {

struct Finding {
  std::string name;
  Form form = Form::kRaw;
  uint64_t offset = 0;
  uint64_t length = 0;
  bool operator==(const Finding&) const = default;
};

// After this many the search ends: the answer is clear.
inline constexpr size_t kMaxFindings = 1000;

// Errors: memory could not be locked.
Result<std::vector<Finding>> scan(const Tables& tables, std::span<const std::byte> bytes);
// Reads `fd` from its offset to its end; waits for what is not there yet. Errors: also those of read(2), which name
// `object`. The descriptor stays the caller's.
Result<std::vector<Finding>> scan_fd(const Tables& tables, int fd, std::string_view object);

}  // namespace confide::masking
