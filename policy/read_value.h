// One value of a policy file, or of a flag, checked against its key's row. Errors are the reason alone, without a
// place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/document.h"
#include "policy/keys.h"
#include "policy/tree.h"

namespace confide::policy {

bool is_name(std::string_view text);  // letters, digits, `.`, `_`, `-`; at most 64; begins with a letter or digit
bool is_variable_name(std::string_view text);  // a POSIX name, at most 255

// A value given as text on the command line: "2G", "30s", "256", "1.5", "host". `info` is a row of kWord, kSize,
// kDuration, kCount or kNumber.
Result<Value> value_of_text(const KeyInfo& info, std::string_view text);

// A value in a file. Complaints go to `report`, as many as there are; the value is whole only if there are none.
struct Complaint {
  Position position;
  std::string message;
};
Value value_of_node(const KeyInfo& info, const Node& node, std::string_view file, std::vector<Complaint>& report);

}  // namespace confide::policy
