#include "masking/entities.h"

#include <string_view>

#include "masking/hex_digit.h"

namespace confide::masking {
namespace {

struct Name {
  std::string_view text;
  uint32_t code;
};
constexpr Name kNames[] = {
    {"amp", '&'},    {"lt", '<'},     {"gt", '>'},     {"quot", '"'},   {"apos", '\''},   {"sol", '/'},
    {"bsol", '\\'},  {"colon", ':'},  {"semi", ';'},   {"comma", ','},  {"period", '.'},  {"excl", '!'},
    {"num", '#'},    {"dollar", '$'}, {"percnt", '%'}, {"lpar", '('},   {"rpar", ')'},    {"ast", '*'},
    {"plus", '+'},   {"equals", '='}, {"quest", '?'},  {"commat", '@'}, {"lsqb", '['},    {"lbrack", '['},
    {"rsqb", ']'},   {"rbrack", ']'}, {"lcub", '{'},   {"lbrace", '{'}, {"rcub", '}'},    {"rbrace", '}'},
    {"verbar", '|'}, {"vert", '|'},   {"lowbar", '_'}, {"grave", '`'},  {"Hat", '^'},     {"AMP", '&'},
    {"LT", '<'},     {"GT", '>'},     {"QUOT", '"'},   {"Tab", '\t'},   {"NewLine", '\n'}};
constexpr size_t kLongestName = 7;

// What follows the ampersand(s), from `at`: "lt;", "#60;", "#x3c;".
Entity read_body(const uint8_t* at, size_t available, Ending ending) {
  const Entity ran_out{.kind = ending == Ending::kOpen ? Entity::Kind::kNeedMore : Entity::Kind::kNone};
  if (available == 0) return ran_out;
  if (at[0] == '#') {
    if (available == 1) return ran_out;
    const bool hex = at[1] == 'x' || at[1] == 'X';
    const size_t first = hex ? 2 : 1;
    const size_t limit = first + (hex ? 6 : 7);
    uint32_t code = 0;
    size_t i = first;
    for (;; ++i) {
      if (i >= available) return ran_out;
      const int digit = hex_digit(at[i]);
      if (i == limit || digit < 0 || (!hex && digit > 9)) break;
      code = code * (hex ? 16 : 10) + static_cast<uint32_t>(digit);
    }
    if (i == first || at[i] != ';') return {};
    return {.kind = Entity::Kind::kFound, .length = i + 1, .code = code};
  }
  size_t i = 0;
  for (;; ++i) {
    if (i >= available) return ran_out;
    const uint8_t folded = at[i] | 0x20;
    if (i > kLongestName || folded < 'a' || folded > 'z') break;
  }
  if (at[i] != ';') return {};
  const std::string_view name(reinterpret_cast<const char*>(at), i);
  for (const Name& known : kNames) {
    if (known.text == name) return {.kind = Entity::Kind::kFound, .length = i + 1, .code = known.code};
  }
  return {};
}

}  // namespace

Entity read_entity(const uint8_t* at, size_t available, Ending ending) {
  constexpr size_t kMaxDepth = 2;
  size_t begin = 1;
  Entity entity = read_body(at + begin, available - begin, ending);
  for (size_t depth = 0; depth < kMaxDepth && entity.kind == Entity::Kind::kFound && entity.code == '&'; ++depth) {
    const size_t next = begin + entity.length;
    const Entity inner = read_body(at + next, available - next, ending);
    if (inner.kind == Entity::Kind::kNeedMore) return inner;
    if (inner.kind == Entity::Kind::kNone) break;
    begin = next;
    entity = inner;
  }
  entity.length += begin;
  return entity;
}

}  // namespace confide::masking
