// Lines of confide's in a person's TOML file, between two marks. Tables end where the next begins, so keys of the top
// of the file stand in a block before everything, and tables in one behind everything.
#pragma once

#include <functional>

#include "agents/client_file.h"
#include "policy/tree.h"

namespace confide::agents {

struct TomlBlocks {
  std::string top;  // empty: none
  std::string end;
};
// `look` complains about what a file says already, as a tree, that the blocks would contradict.
ClientFile toml_file(std::string path, TomlBlocks blocks, std::function<Status(const policy::Node&)> look);

// The text without any block.
std::string without_blocks(std::string_view text);

// A member of a table; null where there is none.
const policy::Node* member(const policy::Node& table, std::string_view name);

// A TOML basic string.
std::string toml_quoted(std::string_view text);

}  // namespace confide::agents
