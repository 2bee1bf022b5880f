#include "oracle_reading.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace confide::masking::oracle {

bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

std::string canonical(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return text;
}

std::optional<std::string> utf8(unsigned code) {
  std::string out;
  const auto byte = [&](unsigned b) { out.push_back(static_cast<char>(b)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 + code / 64), byte(0x80 + code % 64);
  } else if (code < 0x10000) {
    if (code >= 0xd800 && code < 0xe000) return std::nullopt;
    byte(0xe0 + code / 4096), byte(0x80 + code / 64 % 64), byte(0x80 + code % 64);
  } else {
    if (code > 0x10ffff) return std::nullopt;
    byte(0xf0 + code / 262144), byte(0x80 + code / 4096 % 64), byte(0x80 + code / 64 % 64), byte(0x80 + code % 64);
  }
  return out;
}

namespace {

constexpr size_t kEscape = 32;

size_t escape_sequence(std::string_view at) {
  if (at.size() < 3 || at[0] != '\x1b') return 0;
  const bool csi = at[1] == '[';
  if (!csi && (at[1] < ' ' || at[1] > '/')) return 0;
  size_t i = 2;
  while (i < at.size() && at[i] >= ' ' && at[i] <= (csi ? '?' : '/')) ++i;
  if (i >= at.size() || i >= kEscape) return 0;
  return at[i] >= (csi ? '@' : '0') && at[i] <= '~' ? i + 1 : 0;
}

std::optional<unsigned> number(std::string_view digits, int base) {
  if (digits.empty()) return std::nullopt;
  unsigned value = 0;
  for (const char c : digits) {
    const std::string_view all = "0123456789abcdef";
    const char folded = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    const size_t digit = all.substr(0, static_cast<size_t>(base)).find(folded);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
  }
  return value;
}
std::optional<unsigned> hex(std::string_view at, size_t from, size_t count) {
  return at.size() < from + count ? std::nullopt : number(at.substr(from, count), 16);
}

Piece decoded(std::string characters, size_t length) {
  if (characters.size() == 1 && (is_blank(characters[0]) || std::string_view("\"'\\").contains(characters[0]))) {
    characters.clear();
  }
  return {length, canonical(characters)};
}

std::optional<Piece> decoded_code(std::optional<unsigned> code, size_t length) {
  if (!code) return std::nullopt;
  const auto text = utf8(*code);
  return text ? std::optional(decoded(*text, length)) : std::nullopt;
}

std::optional<Piece> percent(std::string_view at) {
  if (at.size() > 1 && at[1] == 'u') return decoded_code(hex(at, 2, 4), 6);
  // As many escaped percent signs as there are, at most three, then two digits.
  for (size_t depth = 4; depth-- > 0;) {
    size_t i = 1;
    size_t seen = 0;
    while (seen < depth && at.substr(std::min(i, at.size())).starts_with("25")) ++seen, i += 2;
    if (seen != depth) continue;
    if (const auto value = hex(at, i, 2)) return decoded(std::string(1, static_cast<char>(*value)), i + 2);
  }
  return std::nullopt;
}

std::optional<std::pair<unsigned, size_t>> entity_body(std::string_view at) {
  static const std::vector<std::pair<std::string_view, char>> kNames = {
      {"amp", '&'},    {"lt", '<'},     {"gt", '>'},     {"quot", '"'},   {"apos", '\''},   {"sol", '/'},
      {"bsol", '\\'},  {"colon", ':'},  {"semi", ';'},   {"comma", ','},  {"period", '.'},  {"excl", '!'},
      {"num", '#'},    {"dollar", '$'}, {"percnt", '%'}, {"lpar", '('},   {"rpar", ')'},    {"ast", '*'},
      {"plus", '+'},   {"equals", '='}, {"quest", '?'},  {"commat", '@'}, {"lsqb", '['},    {"lbrack", '['},
      {"rsqb", ']'},   {"rbrack", ']'}, {"lcub", '{'},   {"lbrace", '{'}, {"rcub", '}'},    {"rbrace", '}'},
      {"verbar", '|'}, {"vert", '|'},   {"lowbar", '_'}, {"grave", '`'},  {"Hat", '^'},     {"AMP", '&'},
      {"LT", '<'},     {"GT", '>'},     {"QUOT", '"'},   {"Tab", '\t'},   {"NewLine", '\n'}};
  const size_t semicolon = at.find(';');
  if (semicolon > 9) return std::nullopt;  // or there is none
  const std::string_view body = at.substr(0, semicolon);
  std::optional<unsigned> code;
  if (body.starts_with("#x") || body.starts_with("#X")) {
    if (body.size() <= 8) code = number(body.substr(2), 16);
  } else if (body.starts_with("#")) {
    if (body.size() <= 8) code = number(body.substr(1), 10);
  } else {
    for (const auto& [name, c] : kNames) {
      if (name == body) code = static_cast<unsigned>(c);
    }
  }
  if (!code) return std::nullopt;
  return std::pair{*code, semicolon + 1};
}

std::optional<Piece> entity(std::string_view at) {
  size_t begin = 1;
  auto found = entity_body(at.substr(begin));
  for (int depth = 0; depth < 2 && found && found->first == '&'; ++depth) {
    const auto inner = entity_body(at.substr(begin + found->second));
    if (!inner) break;
    begin += found->second;
    found = inner;
  }
  if (!found) return std::nullopt;
  return decoded_code(found->first, begin + found->second);
}

std::optional<Piece> backslash(std::string_view at) {
  if (at.size() < 2) return std::nullopt;
  if (std::string_view("nrtvfbaeE").contains(at[1])) return Piece{2, ""};
  if (at[1] == 'x') {
    const auto value = hex(at, 2, 2);
    return value ? std::optional(decoded(std::string(1, static_cast<char>(*value)), 4)) : std::nullopt;
  }
  if (at[1] == 'U') return decoded_code(hex(at, 2, 8), 10);
  if (at[1] == 'u' && at.substr(2).starts_with("{")) {
    const size_t close = at.find('}');
    if (close > 9) return std::nullopt;  // or there is none
    return decoded_code(number(at.substr(3, close - 3), 16), close + 1);
  }
  if (at[1] == 'u') {
    const auto high = hex(at, 2, 4);
    if (!high || *high < 0xd800 || *high > 0xdbff) return decoded_code(high, 6);
    size_t i = 6;
    while (i < at.size() && i < 10 && at[i] == '\\') ++i;
    if (i == 6 || i >= at.size() || at[i] != 'u') return std::nullopt;
    const auto low = hex(at, i + 1, 4);
    if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
    return decoded_code(0x10000 + (*high - 0xd800) * 1024 + (*low - 0xdc00), i + 5);
  }
  if (at[1] >= '0' && at[1] <= '3') {
    const auto value = at.size() >= 4 ? number(at.substr(1, 3), 8) : std::nullopt;
    if (value) return decoded(std::string(1, static_cast<char>(*value)), 4);
    if (at[1] == '0') return Piece{2, ""};
  }
  return std::nullopt;
}

}  // namespace

Piece read_piece(std::string_view at, bool decode) {
  const char c = at[0];
  if (c == '\x1b') return {std::max<size_t>(1, escape_sequence(at)), ""};
  if (is_blank(c)) return {1, ""};
  if (decode) {
    if (c == '"' || c == '\'') return {1, ""};
    if (c == '\\') return backslash(at).value_or(Piece{1, ""});
    if (c == '%') return percent(at).value_or(Piece{1, "%"});
    if (c == '&') return entity(at).value_or(Piece{1, "&"});
  }
  return {1, canonical(std::string(1, c))};
}

Reading read_from(std::string_view input, size_t place, bool decode, size_t most, size_t longest_gap) {
  Reading reading;
  size_t at = place;
  size_t gap = 0;
  while (at < input.size() && reading.characters.size() < most) {
    const Piece piece = read_piece(input.substr(at), decode);
    at += piece.length;
    if (piece.characters.empty()) {
      gap += piece.length;
      if (gap > longest_gap || reading.characters.empty()) break;
      continue;
    }
    gap = 0;
    for (const char c : piece.characters) {
      reading.characters.push_back(c);
      reading.ends.push_back(at);
    }
  }
  return reading;
}

std::string read_all(std::string_view text, bool decode, bool* changed) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Piece piece = read_piece(text.substr(at), decode);
    if (changed != nullptr && piece.length > 1 && text[at] != '\x1b') *changed = true;
    out += piece.characters;
    at += piece.length;
  }
  return out;
}

}  // namespace confide::masking::oracle
