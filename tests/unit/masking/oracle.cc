#include "oracle.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <tuple>

#include "oracle_reading.h"

namespace confide::masking::oracle {
namespace {

constexpr size_t kGap = 64;
constexpr size_t kCap = 96;

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

// The rules in the order in which docs/masking.md has them. NOLINTNEXTLINE(readability-function-cognitive-complexity)
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
