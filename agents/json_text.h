// A JSON text (RFC 8259) as values that know where they stand, so that a person's file can be changed in one place and
// kept byte for byte everywhere else. Reading is strict: clients refuse comments and commas at the end too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace confide::agents {

struct JsonEntry;

// Copied as deep as it is: the parser's kMaxDepth. NOLINTNEXTLINE(misc-no-recursion)
struct JsonValue {
  enum class Kind : uint8_t { kObject, kArray, kText, kOther };
  Kind kind = Kind::kOther;
  size_t begin = 0;  // of the text: its first byte
  size_t end = 0;    // behind its last
  std::string text;  // kText: what it says; kOther: as it stands
  std::vector<JsonEntry> entries;

  // The last member of that name, as clients read it; null where there is none or this is no object.
  const JsonValue* member(std::string_view name) const;
};

struct JsonEntry {
  std::string name;  // of a member; empty in an array
  size_t begin = 0;  // of the member's name, or of the element
  JsonValue value;
};

// Errors (kRefused) say FILE:LINE:COLUMN.
Result<JsonValue> scan_json(std::string_view text, std::string_view file);

// A text as a JSON text: in quotes, escaped.
std::string json_quoted(std::string_view text);

// The text with one more entry at the end of a container of it. `lines` is the value, its own lines indented by two
// blanks a level; it is indented as its neighbours are.
std::string with_member(std::string_view text, const JsonValue& object, std::string_view name, std::string_view lines);
std::string with_element(std::string_view text, const JsonValue& array, std::string_view lines);
// The text without an entry of a container, and without the comma that it leaves.
std::string without_entry(std::string_view text, const JsonValue& container, size_t index);

}  // namespace confide::agents
