// The forms: however a value is encoded, nothing of it is left.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "encoders.h"
#include "masking/assess.h"
#include "masking/scan.h"
#include "masking/token.h"

using namespace confide;
using namespace confide::masking;
using namespace confide::masking::testing;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Written {
  std::string text;
  size_t begin = 0;  // what must be concealed
  size_t end = 0;
};

Written around(const std::string& before, const std::string& text, const std::string& after) {
  return {before + text + after, before.size(), before.size() + text.size()};
}

// Base64 or base32 of bytes, of which those from `first` to `last` are secret.
Written bits(const std::string& text, size_t first, size_t last, size_t width) {
  return {text, (first * 8 + width - 1) / width, last * 8 / width};
}

Written write(const std::string& value, unsigned how, const std::string& context) {
  const std::string before = context.substr(0, how % 7);
  const std::string after = context.substr(std::min(context.size(), size_t{7}));
  const size_t first = before.size();
  const size_t last = first + value.size();
  const std::string whole = before + value + after;
  switch (how % 16) {
    case 0: return around(before, value, after);
    case 1: return bits(to_base64(whole), first, last, 6);
    case 2: return bits(to_base64_url(whole), first, last, 6);
    case 3: return bits(to_base32(whole), first, last, 5);
    case 4: return around("", to_hex(value), "");
    case 5: return around("", to_hex(value, kUpperHex, ":"), "");
    case 6: return around(": ", to_percent(value), " ");
    case 7: return around(": ", to_percent(value, "0123456789abcdef", true), " ");
    case 8: return around("\"", to_json(value, true, true), "\"");
    case 9: return around("\"", to_json(to_json(value, false, false), false, true), "\"");
    case 10: return around(">", to_html(value), "<");
    case 11: return around(">", to_numeric_entities(value, true), "<");
    case 12: return around("\"", to_c_string(value, true), "\"");
    case 13: return around(" ", between_characters(value, "\x1b[1m"), " ");
    case 14: return around(" ", between_characters(value, "\n"), " ");
    default:
      return bits(to_base64(to_utf16(whole, false)), to_utf16(before, false).size(),
                  to_utf16(before + value, false).size(), 6);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  const unsigned how = data[0];
  std::string context(reinterpret_cast<const char*>(data + 1), 6);
  std::string value(reinterpret_cast<const char*>(data + 7), std::min<size_t>(size - 7, 80));
  for (char& c : value) c = static_cast<char>(0x20 + static_cast<uint8_t>(c) % 0x5f);
  for (char& c : context) c = static_cast<char>(0x20 + static_cast<uint8_t>(c) % 0x5f);
  // White space and quotes at the ends may be anybody's.
  constexpr std::string_view kNobodys = " \"'\\";
  if (kNobodys.contains(value.front()) || kNobodys.contains(value.back()) || assess(bytes_of(value)) != Assessment::kOk)
    return 0;
  size_t dropped = 0;
  for (const char c : value) {
    dropped = kNobodys.contains(c) ? dropped + 1 : 0;
    if (dropped > kMostDropped) return 0;
  }
  // Of values that hold little else than quotes and escapes only the usual encodings are known, not every one.
  const auto others = std::ranges::count_if(value, [](char c) { return !std::string_view(" \"'\\%&").contains(c); });
  if (others < 6 || (value.find_first_of("\\%&") != std::string::npos && others < 20)) return 0;
  // What looks like an escape at either end may be left.
  const std::string ends = value.substr(0, 8) + value.substr(value.size() - std::min<size_t>(8, value.size()));
  if (ends.find_first_of("\\%&") != std::string::npos) return 0;
  const Secret secret{"S", bytes_of(value)};
  const auto tables = Tables::create({&secret, 1}, {});
  require(tables.has_value());
  const Written written = write(value, how, context);
  const auto found = scan(*tables, bytes_of(written.text));
  require(found.has_value());
  std::vector<bool> concealed(written.text.size());
  for (const Finding& finding : *found) {
    require(finding.offset + finding.length <= written.text.size());
    for (uint64_t at = finding.offset; at < finding.offset + finding.length; ++at) concealed[at] = true;
  }
  size_t begin = written.begin;
  while (begin < written.end && !concealed[begin] && written.text[begin] == '\\') ++begin;  // escapes of an escape
  for (size_t at = begin; at < written.end; ++at) require(concealed[at]);
  return 0;
}
