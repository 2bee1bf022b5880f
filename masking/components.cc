#include "masking/components.h"

#include <algorithm>
#include <string_view>

#include "masking/hex_digit.h"
#include "masking/token.h"

namespace confide::masking {
namespace {

using Bytes = std::span<const uint8_t>;
using Consumer = std::function<void(Bytes)>;

// A user name without a password is only a token where it is as long as one.
constexpr size_t kShortestToken = 16;

std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Whether a field of this name holds a secret.
bool names_a_secret(std::string_view name) {
  constexpr std::string_view kHints[] = {"pass", "pwd", "secret", "token", "key", "sig", "auth", "credential"};
  return std::ranges::any_of(
      kHints, [&](std::string_view hint) { return !std::ranges::search(name, hint, {}, lower).empty(); });
}

// Writes what percent-encoded or JSON text stands for into memory that is locked.
class Decoder {
 public:
  explicit Decoder(std::span<uint8_t> to) : to_(to) {}

  void percent(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) {
        put(static_cast<uint8_t>(text[i]));
        continue;
      }
      put(static_cast<uint8_t>(high << 4 | low));
      i += 2;
    }
  }

  // The inside of a JSON string (RFC 8259, section 7).
  void json(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || i + 1 == text.size()) {
        put(static_cast<uint8_t>(text[i]));
        continue;
      }
      switch (text[++i]) {
        case 'n': put('\n'); break;
        case 'r': put('\r'); break;
        case 't': put('\t'); break;
        case 'b': put('\b'); break;
        case 'f': put('\f'); break;
        case 'u': i += put_unicode(text.substr(i + 1)); break;
        default: put(static_cast<uint8_t>(text[i]));
      }
    }
  }

  Bytes bytes() const { return to_.first(size_); }

 private:
  void put(uint8_t byte) {
    if (size_ < to_.size()) to_[size_++] = byte;
  }
  static bool unit(std::string_view text, uint32_t& value) {
    if (text.size() < 4) return false;
    value = 0;
    for (const char c : text.substr(0, 4)) {
      if (hex_digit(c) < 0) return false;
      value = value << 4 | static_cast<uint32_t>(hex_digit(c));
    }
    return true;
  }
  // Returns how many characters of `text` were used.
  size_t put_unicode(std::string_view text) {
    uint32_t code = 0;
    uint32_t low = 0;
    if (!unit(text, code)) return 0;
    size_t used = 4;
    if (code >= 0xd800 && code <= 0xdbff && text.substr(4).starts_with("\\u") && unit(text.substr(6), low) &&
        low >= 0xdc00 && low <= 0xdfff) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      used = 10;
    }
    uint8_t utf8[4];
    const unsigned count = put_utf8(code, utf8);
    for (unsigned i = 0; i < count; ++i) put(utf8[i]);
    return used;
  }

  std::span<uint8_t> to_;
  size_t size_ = 0;
};

void as_written_and_decoded(std::string_view text, std::span<uint8_t> scratch, const Consumer& fn) {
  if (text.empty()) return;
  fn(as_bytes(text));
  if (text.find('%') == std::string_view::npos) return;
  Decoder decoder(scratch);
  decoder.percent(text);
  fn(decoder.bytes());
}

// key=value between any of `separators`; values may be quoted.
void fields(std::string_view text, std::string_view separators, std::span<uint8_t> scratch, const Consumer& fn) {
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    std::string_view field = text.substr(0, end);
    text = text.substr(std::min(end + 1, text.size()));
    const size_t equals = field.find('=');
    if (equals == std::string_view::npos || !names_a_secret(field.substr(0, equals))) continue;
    std::string_view value = field.substr(equals + 1);
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
    if (value.size() >= 2 && (value.front() == '\'' || value.front() == '"') && value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    as_written_and_decoded(value, scratch, fn);
  }
}

void url(std::string_view text, std::span<uint8_t> scratch, const Consumer& fn) {
  const size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return;
  std::string_view rest = text.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?# \t\r\n"));
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user_info = authority.substr(0, at);
    const size_t colon = user_info.find(':');
    const std::string_view user = user_info.substr(0, colon);
    if (colon != std::string_view::npos) as_written_and_decoded(user_info.substr(colon + 1), scratch, fn);
    if (user.size() >= kShortestToken) as_written_and_decoded(user, scratch, fn);
  }
  const size_t query = rest.find_first_of("?#");
  if (query != std::string_view::npos) fields(rest.substr(query + 1), "&;#?", scratch, fn);
}

// Strings that are the value of a field whose name says secret, or of a list of strings. Not a validating parser: what
// is no JSON yields what looks like fields of it.
void json(std::string_view text, std::span<uint8_t> scratch, const Consumer& fn) {
  bool wanted = text.starts_with('[');
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    const size_t begin = ++i;
    while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? size_t{2} : size_t{1};
    if (i >= text.size()) return;
    const std::string_view inside = text.substr(begin, i - begin);
    size_t next = i + 1;
    while (next < text.size() && is_space(text[next])) ++next;
    if (next < text.size() && text[next] == ':') {
      wanted = names_a_secret(inside);
      continue;
    }
    if (!wanted) continue;
    Decoder decoder(scratch);
    decoder.json(inside);
    fn(decoder.bytes());
  }
}

}  // namespace

void for_each_component(Bytes value, std::span<uint8_t> scratch, const Consumer& fn) {
  std::string_view text = as_text(value);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  if (text.starts_with('{') || text.starts_with('[')) {
    json(text, scratch, fn);
    return;
  }
  url(text, scratch, fn);
  if (text.find("://") == std::string_view::npos) {
    // With semicolons between them values may hold spaces (ADO.NET), without they may not (libpq).
    fields(text, text.find(';') != std::string_view::npos ? ";" : " \t\r\n", scratch, fn);
  }
}

}  // namespace confide::masking
