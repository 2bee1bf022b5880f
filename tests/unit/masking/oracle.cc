#include "oracle.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <tuple>

namespace confide::masking::oracle {
namespace {

constexpr size_t kGap = 64;
constexpr size_t kEscape = 32;
constexpr size_t kCap = 96;

// --- reading -------------------------------------------------------------------------------------------------------

struct Piece {
  size_t length = 1;
  std::string characters;  // none: a gap
};

bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

std::string canonical(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return text;
}

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

struct Reading {
  std::string characters;
  std::vector<size_t> ends;  // of the piece that each character is from
};

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

std::string read_all(std::string_view text, bool decode, bool* changed = nullptr) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Piece piece = read_piece(text.substr(at), decode);
    if (changed != nullptr && piece.length > 1 && text[at] != '\x1b') *changed = true;
    out += piece.characters;
    at += piece.length;
  }
  return out;
}

// --- encoding ------------------------------------------------------------------------------------------------------

std::string encode_bits(const std::string& bytes, std::string_view alphabet, unsigned width) {
  std::string bits;
  for (const char c : bytes) {
    for (int i = 7; i >= 0; --i) bits.push_back((static_cast<unsigned char>(c) >> i & 1) != 0 ? '1' : '0');
  }
  std::string out;
  for (size_t at = 0; at < bits.size(); at += width) {
    std::string group = bits.substr(at, width);
    group.resize(width, '0');
    size_t value = 0;
    for (const char bit : group) value = value * 2 + (bit == '1' ? 1 : 0);
    out.push_back(alphabet[value]);
  }
  return out;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

struct Core {
  std::string text;
  bool straddles = false;
};

// What is the same whatever stands before and after.
Core core_of(const std::string& value, std::string_view alphabet, unsigned width, size_t before) {
  const std::string zeros = encode_bits(std::string(before, '\0') + value + std::string(8, '\0'), alphabet, width);
  const std::string ones = encode_bits(std::string(before, '\xff') + value + std::string(8, '\xff'), alphabet, width);
  size_t begin = 0;
  while (begin < zeros.size() && zeros[begin] != ones[begin]) ++begin;
  size_t end = begin;
  while (end < zeros.size() && zeros[end] == ones[end]) ++end;
  return {zeros.substr(begin, end - begin), (before + value.size()) * 8 % width != 0};
}

std::string hex_text(const std::string& value, const char* digits, const std::string& prefix,
                     const std::string& between) {
  std::string out;
  for (const char c : value) {
    if (!out.empty()) out += between;
    out += prefix;
    out.push_back(digits[static_cast<unsigned char>(c) / 16]);
    out.push_back(digits[static_cast<unsigned char>(c) % 16]);
  }
  return out;
}

std::string decimal_text(const std::string& value, const std::string& between) {
  std::string out;
  for (const char c : value) out += (out.empty() ? "" : between) + std::to_string(static_cast<unsigned char>(c));
  return out;
}

std::vector<unsigned> code_points(const std::string& text) {
  std::vector<unsigned> out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    unsigned code = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (size_t k = 1; k < length && i + k < text.size(); ++k)
      code = code * 64 + (static_cast<unsigned char>(text[i + k]) & 63U);
    out.push_back(code);
    i += length;
  }
  return out;
}

std::string utf16(const std::string& text, bool big) {
  std::string out;
  const auto unit = [&](unsigned u) {
    const char high = static_cast<char>(u >> 8);
    const char low = static_cast<char>(u & 255);
    out += big ? std::string{high, low} : std::string{low, high};
  };
  for (const unsigned code : code_points(text)) {
    if (code < 0x10000) {
      unit(code);
    } else {
      unit(0xd800 + (code - 0x10000) / 1024);
      unit(0xdc00 + code % 1024);
    }
  }
  return out;
}

std::string trim(const std::string& text) {
  size_t begin = 0;
  size_t end = text.size();
  while (begin < end && static_cast<unsigned char>(text[begin]) <= 0x20) ++begin;
  while (end > begin && static_cast<unsigned char>(text[end - 1]) <= 0x20) --end;
  return text.substr(begin, end - begin);
}

bool too_short(const std::string& value) {
  return std::ranges::count_if(value, [](char c) { return static_cast<unsigned char>(c) > 0x20; }) < 6;
}

bool worth_a_line(const std::string& line) {
  if (too_short(line) || (line.starts_with("-----") && line.ends_with("-----"))) return false;
  if (std::ranges::all_of(line, [&](char c) { return c == line[0]; })) return false;
  return line.size() >= 8 || !std::ranges::all_of(line, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void Oracle::add(size_t secret, std::string text, bool as_is, bool decoded_view, size_t step, bool straddles) {
  if (text.empty()) return;
  needles_.push_back({secret, std::move(text), as_is, decoded_view, step, straddles});
}

void Oracle::add_text(size_t secret, const std::string& value, bool as_given) {
  bool changed = false;
  const std::string as_is = read_all(value, false);
  const std::string read = read_all(value, true, &changed);
  const size_t least = std::min<size_t>(as_is.size(), 6);
  add(secret, as_is, true, false, 1);
  if (read.size() >= least) add(secret, read, false, true, 1);
  if (changed) {
    std::string left;
    for (const char c : value) {
      if (!is_blank(c) && !std::string_view("\"'\\").contains(c)) left.push_back(c);
    }
    if (left.size() >= least) add(secret, canonical(left), false, true, 1);
  }
  if (as_given && (changed || read.size() < least)) add_usual_encodings(secret, value);
}

void Oracle::add_usual_encodings(size_t secret, const std::string& value) {
  const auto encode = [&](const std::string& text, std::string_view special, auto escape) {
    std::string out;
    for (const char c : text) out += special.contains(c) ? escape(c) : std::string(1, c);
    return out;
  };
  const auto add_visible = [&](const std::string& text) {
    std::string visible;
    for (const char c : text) {
      if (!is_blank(c)) visible.push_back(c);
    }
    add(secret, canonical(visible), true, false, 1);
  };
  std::string reserved;
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool alphanumeric =
        (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    if (!alphanumeric && !std::string_view("-._~").contains(byte)) reserved.push_back(byte);
  }
  for (const char* digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
    add_visible(encode(value, reserved, [&](char c) { return hex_text({c}, digits, "%", ""); }));
  }
  const auto json = [&](const std::string& text) {
    return encode(text, "\"\\\n\r", [](char c) { return std::string("\\") + (c == '\n' ? 'n' : c == '\r' ? 'r' : c); });
  };
  add_visible(json(value));
  add_visible(json(json(value)));
  add_visible(encode(value, "&<>\"'", [](char c) {
    return std::string(c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : "&#39;");
  }));
}

void Oracle::add_codes(size_t secret, const std::string& value, bool line) {
  const auto add_core = [&](const Core& core, size_t step) {
    add(secret, core.text, true, true, step, core.straddles);
  };
  for (size_t before = 0; before < 3; ++before) add_core(core_of(value, kBase64, 6, before), 1);
  for (const char* digits : {"0123456789abcdef", "0123456789ABCDEF"}) {
    add(secret, hex_text(value, digits, "", ""), true, true, 2);
    if (line) continue;
    add(secret, hex_text(value, digits, "", ":"), true, true, 3);
    add(secret, hex_text(value, digits, "0x", ","), true, true, 0);
  }
  if (line) return;
  for (size_t inner = 0; inner < 3; ++inner) {
    const std::string once = core_of(value, kBase64, 6, inner).text;
    for (size_t outer = 0; outer < 3; ++outer) add_core(core_of(once, kBase64, 6, outer), 0);
    add_core(core_of(utf16(value, false), kBase64, 6, inner), 0);
  }
  for (size_t before = 0; before < 5; ++before) add_core(core_of(value, kBase32, 5, before), 0);
  add(secret, decimal_text(value, ","), true, true, 0);
  add(secret, decimal_text(value, ""), true, true, 0);
}

void Oracle::add_unit(size_t secret, const std::string& value, bool line, bool short_value) {
  add_text(secret, value, true);
  if (short_value) return;
  std::string upper = value;
  std::string lower = value;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (upper != value && lower != value) {
    add_text(secret, upper);
    add_text(secret, lower);
  }
  if (std::ranges::any_of(value, [](char c) { return (c & 0x80) != 0; })) {
    add_text(secret, utf16(value, false));
    add_text(secret, utf16(value, true));
  }
  if (value.contains(' ')) {
    std::string plus = value;
    std::ranges::replace(plus, ' ', '+');
    add_text(secret, plus);
  }
  if (!line) {
    std::string reversed;
    for (const unsigned code : code_points(value))
      reversed.insert(0, code < 0x80 ? std::string(1, static_cast<char>(code)) : *utf8(code));
    add_text(secret, reversed);
  }
  add_codes(secret, value, line);
  std::string crlf;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\n') crlf += '\r';
    crlf += value[i];
  }
  if (crlf != value) add_codes(secret, crlf, line);
}

Oracle::Oracle(const std::vector<Secret>& secrets, Parts parts, Short short_values) : parts_(parts), gap_(kGap) {
  for (const Secret& secret : secrets) {
    const size_t index = names_.size();
    names_.push_back(secret.name);
    const std::string value = trim(secret.value);
    if (too_short(value) && short_values == Short::kSkip) continue;
    size_t blanks = 0;
    for (const char c : secret.value) {
      blanks = is_blank(c) || std::string_view("\"'\\").contains(c) ? blanks + 1 : 0;
      if (blanks > 1 && blanks <= 17) gap_ = std::max(gap_, kGap + 12 * (blanks - 1));
    }
    add_unit(index, value, false, too_short(value));
    if (too_short(value) || !value.contains('\n')) continue;
    std::string rest = value + "\n";
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      const std::string line = trim(rest.substr(0, end));
      rest = rest.substr(end + 1);
      if (worth_a_line(line)) add_unit(index, line, true, false);
    }
  }
}

std::string Oracle::mask(std::string_view input) const {
  struct Match {
    size_t start, end, secret;
  };
  std::vector<Match> matches;
  size_t longest = 0;
  for (const Needle& needle : needles_) longest = std::max(longest, needle.text.size());
  for (size_t place = 0; place < input.size(); ++place) {
    for (const bool decode : {false, true}) {
      const Reading reading = read_from(input, place, decode, longest + 1, gap_);
      if (reading.characters.empty()) continue;
      for (const Needle& needle : needles_) {
        if (!(decode ? needle.decoded : needle.as_is)) continue;
        const size_t length = needle.text.size();
        const size_t half = std::max<size_t>(8, (length + 1) / 2);
        for (size_t from = 0; from < length; from += std::max<size_t>(1, needle.step)) {
          if (from > 0 && (parts_ == Parts::kOff || needle.step == 0 || length - from < half)) break;
          size_t required = std::min(length - from, kCap);
          if (from == 0) {
            required = length > 2 * kCap ? kCap : parts_ == Parts::kOff ? length : std::min(length, half);
          }
          size_t same = 0;
          while (from + same < length && same < reading.characters.size() &&
                 reading.characters[same] == needle.text[from + same]) {
            ++same;
          }
          if (same < required) continue;
          size_t end = reading.ends[same - 1];
          if (from + same == length && needle.straddles && end < input.size()) {
            const Piece next = read_piece(input.substr(end), decode);
            if (!next.characters.empty() && kBase64.contains(next.characters[0])) end += next.length;
          }
          matches.push_back({place, end, needle.secret});
        }
      }
    }
  }
  std::ranges::sort(matches, [](const Match& a, const Match& b) {
    return std::tuple(a.start, b.end, a.secret) < std::tuple(b.start, a.end, b.secret);
  });
  std::string out;
  size_t done = 0;
  for (size_t i = 0; i < matches.size();) {
    const Match& first = matches[i];
    size_t end = first.end;
    while (++i < matches.size() && matches[i].start < end) end = std::max(end, matches[i].end);
    out += input.substr(done, first.start - done);
    out += "<concealed by confide: " + names_[first.secret] + ">";
    done = end;
  }
  return out + std::string(input.substr(done));
}

}  // namespace confide::masking::oracle
