#include "agents/json_text.h"

#include <algorithm>

#include "base/text.h"

namespace confide::agents {
namespace {

constexpr int kMaxDepth = 100;

class Scanner {
 public:
  Scanner(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Result<JsonValue> all() {
    skip_blanks();
    JsonValue value = TRY(read_value(0));
    skip_blanks();
    if (at_ < text_.size()) return error("something follows the end of the JSON text");
    return value;
  }

 private:
  Error error(std::string_view what) const {
    size_t line = 1, column = 1;
    for (const char c : text_.substr(0, at_)) {
      if (c == '\n') {
        ++line;
        column = 1;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++column;
      }
    }
    return {ErrorKind::kRefused, 0, cat(file_, ":", line, ":", column, ": ", what)};
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  // To kMaxDepth. NOLINTNEXTLINE(misc-no-recursion)
  Result<JsonValue> read_value(int depth) {
    if (depth > kMaxDepth) return error("nested too deep");
    if (at_ >= text_.size()) return error("the JSON text ends here, too early");
    switch (peek()) {
      case '{': return read_container(JsonValue::Kind::kObject, '}', depth);
      case '[': return read_container(JsonValue::Kind::kArray, ']', depth);
      case '"': {
        JsonValue value{.kind = JsonValue::Kind::kText, .begin = at_};
        value.text = TRY(read_text());
        value.end = at_;
        return value;
      }
      default: return read_word();
    }
  }

  // To kMaxDepth. NOLINTNEXTLINE(misc-no-recursion)
  Result<JsonValue> read_container(JsonValue::Kind kind, char close, int depth) {
    JsonValue value{.kind = kind, .begin = at_++};
    for (skip_blanks(); peek() != close || !value.entries.empty(); skip_blanks()) {
      JsonEntry entry{.begin = at_};
      if (kind == JsonValue::Kind::kObject) {
        if (peek() != '"') return error("here should be a name in quotes");
        entry.name = TRY(read_text());
        skip_blanks();
        if (peek() != ':') return error("here should be a colon");
        ++at_;
        skip_blanks();
      }
      entry.value = TRY(read_value(depth + 1));
      value.entries.push_back(std::move(entry));
      skip_blanks();
      if (peek() == close) break;
      if (peek() != ',') return error(cat("here should be a comma or `", close, "`"));
      ++at_;
      skip_blanks();
      if (peek() == close) return error("a comma with nothing behind it");
    }
    value.end = ++at_;
    return value;
  }

  Result<JsonValue> read_word() {
    const size_t end = std::min(text_.find_first_of(" \t\r\n,:]}[{\"", at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    if (word != "true" && word != "false" && word != "null" && !is_number(word)) return error("this is no JSON value");
    JsonValue value{.begin = at_, .end = end, .text = std::string(word)};
    at_ = end;
    return value;
  }

  static bool is_number(std::string_view word) {
    const auto digits = [&] {
      const size_t count = std::min(word.find_first_not_of("0123456789"), word.size());
      word.remove_prefix(count);
      return count;
    };
    if (word.starts_with('-')) word.remove_prefix(1);
    const bool zero = word.starts_with('0');
    const size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (word.starts_with('.')) {
      word.remove_prefix(1);
      if (digits() == 0) return false;
    }
    if (word.starts_with('e') || word.starts_with('E')) {
      word.remove_prefix(1);
      if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
      if (digits() == 0) return false;
    }
    return word.empty();
  }

  Result<std::string> read_text() {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (static_cast<unsigned char>(c) < 0x20) return error("a control character in a text");
      if (c == '\\')
        TRY(read_escape(out));
      else
        out += c;
    }
    return error("a text without an end");
  }

  // From the backslash to the escape's last character.
  Status read_escape(std::string& out) {
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    ++at_;
    if (const size_t known = kFrom.find(peek()); known != std::string_view::npos) {
      out += kTo[known];
      return {};
    }
    if (peek() != 'u') return error("an escape that JSON does not have");
    uint32_t code = TRY(read_hex());
    if (code >= 0xD800 && code < 0xDC00) {
      if (text_.substr(at_ + 1, 2) != "\\u") return error("half of a surrogate pair");
      at_ += 2;
      const uint32_t low = TRY(read_hex());
      if (low < 0xDC00 || low > 0xDFFF) return error("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return error("half of a surrogate pair");
    }
    append_utf8(out, code);
    return {};
  }

  // Four digits behind the `u` at at_; ends on the last.
  Result<uint32_t> read_hex() {
    uint32_t code = 0;
    const std::string_view digits = text_.substr(at_ + 1, 4);
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 4 || wrong != std::errc() || end != digits.data() + 4) return error("\\u takes four digits");
    at_ += 4;
    return code;
  }

  static void append_utf8(std::string& out, uint32_t code) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      tail(0);
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | code >> 12);
      tail(6), tail(0);
    } else {
      out += static_cast<char>(0xF0 | code >> 18);
      tail(12), tail(6), tail(0);
    }
  }

  std::string_view text_;
  std::string_view file_;
  size_t at_ = 0;
};

// The blanks that a line begins with.
std::string indent_at(std::string_view text, size_t at) {
  const size_t line = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is the text's beginning
  const size_t first = std::min(text.find_first_not_of(" \t", line), text.size());
  return std::string(text.substr(line, std::min(first, at) - line));
}

// Whether an entry begins its line.
bool begins_line(std::string_view text, size_t at) {
  const size_t before = at == 0 ? std::string_view::npos : text.find_last_not_of(" \t", at - 1);
  return before == std::string_view::npos || text[before] == '\n';
}

std::string indented(std::string_view lines, std::string_view indent, std::string_view step) {
  std::string out;
  bool first = true;
  for (std::string_view line : split(lines, '\n')) {
    if (!first) out += cat("\n", indent);
    first = false;
    for (; line.starts_with("  "); line.remove_prefix(2)) out += step;
    out += line;
  }
  return out;
}

std::string with_entry(std::string_view text, const JsonValue& container, std::string_view head,
                       std::string_view lines) {
  const std::string outer = indent_at(text, container.begin);
  const bool tabs = text.find("\n\t") != std::string_view::npos;
  std::string inner = cat(outer, tabs ? "\t" : "  ");
  size_t at = container.begin + 1;
  std::string before = cat("\n", inner), after = cat("\n", outer);
  if (!container.entries.empty()) {
    const JsonEntry& last = container.entries.back();
    if (begins_line(text, last.begin)) inner = indent_at(text, last.begin);
    at = last.value.end;
    before = cat(",\n", inner);
    // The bracket stands on the last entry's line: `[1]`, `{"a": 1}`.
    after = text.substr(at, container.end - at).find('\n') == std::string_view::npos ? after : "";
  } else if (text.substr(at, container.end - 1 - at).find('\n') != std::string_view::npos) {
    after = "";  // the empty container's own line break goes on serving
  }
  // The step between two levels, as far as the file shows one.
  std::string step = tabs ? "\t" : "  ";
  if (inner.size() > outer.size() && inner.starts_with(outer)) step = inner.substr(outer.size());
  return cat(text.substr(0, at), before, head, indented(lines, inner, step), after, text.substr(at));
}

}  // namespace

const JsonValue* JsonValue::member(std::string_view name) const {
  if (kind != Kind::kObject) return nullptr;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (entry->name == name) return &entry->value;
  return nullptr;
}

Result<JsonValue> scan_json(std::string_view text, std::string_view file) { return Scanner(text, file).all(); }

std::string json_quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += cat('\\', c);
    else if (byte < 0x20)
      out += cat("\\u00", kHex[byte >> 4], kHex[byte & 15]);
    else
      out += c;
  }
  return out + "\"";
}

std::string with_member(std::string_view text, const JsonValue& object, std::string_view name, std::string_view lines) {
  return with_entry(text, object, cat(json_quoted(name), ": "), lines);
}

std::string with_element(std::string_view text, const JsonValue& array, std::string_view lines) {
  return with_entry(text, array, "", lines);
}

std::string without_entry(std::string_view text, const JsonValue& container, size_t index) {
  const auto& entries = container.entries;
  size_t from = entries[index].begin, to = entries[index].value.end;
  if (index > 0) {
    from = entries[index - 1].value.end;
  } else if (entries.size() > 1) {
    to = entries[1].begin;
  } else {
    from = container.begin + 1;
    to = container.end - 1;
  }
  return cat(text.substr(0, from), text.substr(to));
}

}  // namespace confide::agents
