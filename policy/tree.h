// A configuration file as a tree of positioned values, so that only parse.cc knows which library read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace confide::policy {

struct Position {
  uint32_t line = 1;    // from 1
  uint32_t column = 1;  // from 1, in code points
  auto operator<=>(const Position&) const = default;
};

struct Entry;

struct Node {
  enum class Kind : uint8_t { kText, kInteger, kReal, kFlag, kTime, kList, kTable };
  Kind kind = Kind::kTable;
  Position position;
  std::string text;
  int64_t integer = 0;  // kInteger; kFlag: 0 or 1
  double real = 0;
  std::vector<Entry> entries;  // kList: with empty keys; kTable: in the file's order
};

struct Entry {
  std::string key;
  Position position;  // the key's
  Node value;
};

// "a list", "a text": for errors that say what was found.
const char* name_of(Node::Kind kind);

}  // namespace confide::policy
