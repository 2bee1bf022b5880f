// Changes to a person's text files that can be taken back byte for byte.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace confide::agents {

// One place of a text: `removed` stood at `offset`, `inserted` stands there now.
struct Edit {
  size_t offset = 0;
  std::string removed;
  std::string inserted;
  bool operator==(const Edit&) const = default;
};

// The smallest single edit that makes `after` of `before`.
Edit edit_between(std::string_view before, std::string_view after);

// Takes edits back, the last first. Each is found where it was made, else by its text if that stands there exactly
// once: a file may have been edited elsewhere since. Nothing where one is not found.
std::optional<std::string> undone(std::string text, const std::vector<Edit>& edits);

// What was done to one file, to be kept until it is taken back.
struct Record {
  std::string path;
  bool existed = true;               // before
  std::vector<std::string> folders;  // that were made for it, outermost first
  std::vector<Edit> edits;
  bool operator==(const Record&) const = default;
};
std::string encode(const Record& record);
// Errors (kRefused): not what encode() makes.
Result<Record> decode_record(std::string_view text);

// `--- path` and the lines that differ, three lines of what is around them: for a person's eyes. A missing file is
// empty.
std::string show_difference(std::string_view path, const std::optional<std::string>& before,
                            const std::optional<std::string>& after);

}  // namespace confide::agents
