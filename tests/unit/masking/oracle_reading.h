// How the oracle reads text: as it is, or with every escape resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confide::masking::oracle {

bool is_blank(char c);
// As both sides of a comparison are written: case and alphabets that are the same to the masker, made one.
std::string canonical(std::string text);
// Nothing for what is no code point.
std::optional<std::string> utf8(unsigned code);

struct Piece {
  size_t length = 1;
  std::string characters;  // none: a gap
};
// What stands at the beginning of `at`, which is not empty.
Piece read_piece(std::string_view at, bool decode);

struct Reading {
  std::string characters;
  std::vector<size_t> ends;  // of the piece that each character is from
};
// At most `most` characters from `place` on, until a gap longer than `longest_gap`; nothing where a gap stands there.
Reading read_from(std::string_view input, size_t place, bool decode, size_t most, size_t longest_gap);

// All of it without gaps; `changed`, where given, becomes true if something was decoded.
std::string read_all(std::string_view text, bool decode, bool* changed = nullptr);

}  // namespace confide::masking::oracle
