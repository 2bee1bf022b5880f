#include "secrets/providers/json.h"

#include <optional>
#include <string>

#include "base/text.h"
#include "secrets/secret_builder.h"

namespace confide::secrets {
namespace {

constexpr int kMaxDepth = 64;

// One step of a path.
struct Step {
  std::string name;
  std::string where;  // of NAME[where=equals]
  std::string equals;
};

Error bad_path() { return {ErrorKind::kRefused, 0, "the path into the document is malformed"}; }

Result<Step> read_step(std::string_view& path) {
  Step step;
  if (path.starts_with('"')) {
    size_t i = 1;
    for (; i < path.size() && path[i] != '"'; ++i) {
      if (path[i] == '\\' && i + 1 < path.size()) ++i;
      step.name += path[i];
    }
    if (i >= path.size()) return bad_path();
    path.remove_prefix(i + 1);
  } else {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    step.name = path.substr(0, end);
    path.remove_prefix(end);
  }
  if (path.starts_with('[')) {
    // The name that is looked for may hold anything but "]" at the path's end.
    const size_t close = path.find(']');
    const size_t equals = path.find('=');
    if (close == std::string_view::npos || equals == std::string_view::npos || equals > close) return bad_path();
    step.where = path.substr(1, equals - 1);
    step.equals = path.substr(equals + 1, close - equals - 1);
    path.remove_prefix(close + 1);
  }
  if (path.starts_with('.')) {
    path.remove_prefix(1);
    if (path.empty()) return bad_path();
  } else if (!path.empty()) {
    return bad_path();
  }
  return step;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks over the document; every position is a place in the secret's own bytes.
class Reader {
 public:
  Reader(std::string_view text, SecretArena& arena) : text_(text), arena_(arena) {}

  Result<SecretBuffer> find(std::string_view path) {
    skip_space();
    while (!path.empty()) {
      const Step step = TRY(read_step(path));
      TRY(enter(step.name));
      if (!step.where.empty()) TRY(enter_where(step));
    }
    return take_text();
  }

 private:
  Error malformed() const { return {ErrorKind::kRefused, 0, "the document is no valid JSON"}; }
  Error absent(std::string_view name) const {
    return {ErrorKind::kRefused, 0, cat("there is no ", printable(name), " in it")};
  }
  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  Status expect(char c) {
    skip_space();
    if (!at(c)) return malformed();
    ++at_;
    skip_space();
    return {};
  }

  // Goes to the value of the member or element.
  Status enter(std::string_view name) {
    if (at('{')) return enter_member(name);
    if (at('[')) return enter_element(name);
    return absent(name);
  }

  Status enter_member(std::string_view name) {
    TRY(expect('{'));
    if (at('}')) return absent(name);
    for (;;) {
      const bool same = TRY(string_is(name));
      TRY(expect(':'));
      if (same) return {};
      TRY(skip_value(0));
      skip_space();
      if (at('}')) return absent(name);
      TRY(expect(','));
    }
  }

  Status enter_element(std::string_view name) {
    const auto wanted = parse_number(name);
    if (!wanted) return absent(name);
    TRY(expect('['));
    if (at(']')) return absent(name);
    for (unsigned long i = 0; i < *wanted; ++i) {
      TRY(skip_value(0));
      skip_space();
      if (at(']')) return absent(name);
      TRY(expect(','));
    }
    return {};
  }

  Status enter_where(const Step& step) {
    if (!at('[')) return absent(step.name);
    TRY(expect('['));
    if (at(']')) return absent(step.equals);
    for (;;) {
      const size_t begin = at_;
      if (at('{') && enter_member(step.where).has_value() && at('"') && TRY(string_is(step.equals))) {
        at_ = begin;
        return {};
      }
      at_ = begin;
      TRY(skip_value(0));
      skip_space();
      if (at(']')) return absent(step.equals);
      TRY(expect(','));
    }
  }

  // Past a string; whether it is `name`.
  Result<bool> string_is(std::string_view name) {
    size_t matched = 0;
    bool same = true;
    TRY(each_char([&](std::string_view bytes) -> Status {
      same = same && name.substr(std::min(matched, name.size())).starts_with(bytes);
      matched += bytes.size();
      return {};
    }));
    return same && matched == name.size();
  }

  // Calls `visit` with the UTF-8 bytes of each character of a string.
  template <class Visit>
  Status each_char(Visit&& visit) {
    if (!at('"')) return malformed();
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (static_cast<unsigned char>(c) < 0x20) return malformed();
      if (c != '\\') {
        TRY(visit(text_.substr(at_, 1)));
        ++at_;
        continue;
      }
      if (at_ + 1 >= text_.size()) return malformed();
      const char escape = text_[at_ + 1];
      at_ += 2;
      if (escape == 'u') {
        TRY(visit_code_point(visit));
        continue;
      }
      constexpr std::string_view kEscapes = "\"\\/bfnrt";
      constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
      const size_t index = kEscapes.find(escape);
      if (index == std::string_view::npos) return malformed();
      TRY(visit(kMeant.substr(index, 1)));
    }
    return malformed();
  }

  Result<uint32_t> four_digits() {
    if (at_ + 4 > text_.size()) return malformed();
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      const char c = text_[at_ + i];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return malformed();
      value = value * 16 + static_cast<uint32_t>(digit);
    }
    at_ += 4;
    return value;
  }

  template <class Visit>
  Status visit_code_point(Visit&& visit) {
    uint32_t code = TRY(four_digits());
    if (code >= 0xDC00 && code <= 0xDFFF) return malformed();
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (!text_.substr(at_).starts_with("\\u")) return malformed();
      at_ += 2;
      const uint32_t low = TRY(four_digits());
      if (low < 0xDC00 || low > 0xDFFF) return malformed();
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    char bytes[4];
    size_t size = 0;
    const auto put = [&](uint32_t byte) { bytes[size++] = static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | (code >> 6));
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | (code >> 12));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
      put(0x80 | ((code >> 6) & 0x3F));
      put(0x80 | (code & 0x3F));
    }
    return visit(std::string_view(bytes, size));
  }

  // To kMaxDepth. NOLINTNEXTLINE(misc-no-recursion)
  Status skip_value(int depth) {
    if (depth > kMaxDepth) return malformed();
    if (at('"')) return each_char([](std::string_view) { return Status(); });
    if (at('{') || at('[')) return skip_nested(depth);
    return skip_word();
  }

  // To kMaxDepth. NOLINTNEXTLINE(misc-no-recursion)
  Status skip_nested(int depth) {
    const bool object = at('{');
    const char close = object ? '}' : ']';
    ++at_;
    skip_space();
    if (at(close)) {
      ++at_;
      return {};
    }
    for (;;) {
      if (object) {
        TRY(each_char([](std::string_view) { return Status(); }));
        TRY(expect(':'));
      }
      TRY(skip_value(depth + 1));
      skip_space();
      if (at(close)) {
        ++at_;
        return {};
      }
      TRY(expect(','));
    }
  }

  // A number, true, false or null.
  Status skip_word() {
    const size_t begin = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' && text_[at_] != '}' && text_[at_] != ']')
      ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "true" || word == "false" || word == "null") return {};
    if (word.empty() || word.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return malformed();
    return {};
  }

  Result<SecretBuffer> take_text() {
    SecretBuilder value(arena_);
    if (at('"')) {
      TRY(each_char([&](std::string_view bytes) { return value.append(bytes); }));
      return value.finish();
    }
    if (at('{') || at('['))
      return Error{ErrorKind::kRefused, 0, "what stands there is a list or an object, not a text"};
    const size_t begin = at_;
    TRY(skip_word());
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "null") return Error{ErrorKind::kRefused, 0, "what stands there is null"};
    TRY(value.append(word));
    return value.finish();
  }

  std::string_view text_;
  SecretArena& arena_;
  size_t at_ = 0;
};

}  // namespace

Result<SecretBuffer> json_text(const SecretBuffer& document, std::string_view path, SecretArena& arena) {
  return document.reveal([&](std::span<const std::byte> bytes) { return Reader(as_text(bytes), arena).find(path); });
}

}  // namespace confide::secrets
