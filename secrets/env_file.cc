#include "secrets/env_file.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "policy/reference.h"
#include "secrets/secret_builder.h"

namespace confide::secrets {

namespace {

// Outside quotes a CR is white space: it belongs to a CRLF.
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

class Parser {
 public:
  Parser(std::string_view text, std::string_view file, const VariableSource& variables, SecretArena& arena)
      : text_(text), file_(file), variables_(variables), builder_(arena) {}

  Result<std::vector<EnvFileEntry>> run() {
    if (const size_t nul = text_.find('\0'); nul != std::string_view::npos) {
      return fail(nul, "a NUL byte (an environment file is UTF-8 text)");
    }
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (at_ < text_.size()) TRY(parse_line());
    return std::move(entries_);
  }

 private:
  // The position of `offset` is counted only when something is wrong.
  Error fail(size_t offset, std::string_view cause) const {
    const auto before = text_.substr(0, offset);
    const size_t last_break = before.rfind('\n');
    const size_t column = last_break == std::string_view::npos ? offset + 1 : offset - last_break;
    return Error{ErrorKind::kRefused, 0, cat(printable(file_), ":", line_of(offset), ":", column, ": ", cause)};
  }
  size_t line_of(size_t offset) const {
    return 1 + static_cast<size_t>(std::ranges::count(text_.substr(0, offset), '\n'));
  }

  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
  bool at_line_end() const { return peek() == '\n'; }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }
  void next_line() { at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1; }

  Status parse_line() {
    skip_blanks();
    if (at_line_end() || peek() == '#') {
      next_line();
      return {};
    }
    lines_ += static_cast<unsigned>(std::ranges::count(text_.substr(counted_, at_ - counted_), '\n'));
    counted_ = at_;
    EnvFileEntry entry{.file = std::string(file_), .line = lines_};
    entry.name = TRY(parse_name());
    const size_t behind_equals = at_;
    skip_blanks();
    entry.value_begin = at_;
    if (peek() == '\'') {
      entry.quote = Quote::kSingle;
      TRY(parse_single());
    } else if (peek() == '"') {
      entry.quote = Quote::kDouble;
      TRY(parse_double());
    } else {
      TRY(parse_bare(behind_equals));
      entry.value_begin = std::min(entry.value_begin, at_);
    }
    entry.value_end = at_;
    skip_blanks();
    if (!at_line_end() && peek() != '#') return fail(at_, "text after the closing quote");
    next_line();
    entry.value = TRY(builder_.finish());
    latest_.insert_or_assign(entry.name, entries_.size());
    entries_.push_back(std::move(entry));
    return {};
  }

  Result<std::string> parse_name() {
    const size_t end = line_end();
    const size_t equals = text_.substr(0, end).find('=', at_);
    if (equals == std::string_view::npos) return fail(at_, "no '=' in this line; it must be NAME=VALUE");
    auto name = text_.substr(at_, equals - at_);
    while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
    constexpr std::string_view kExport = "export";
    if (name.size() > kExport.size() && name.starts_with(kExport) && is_blank(name[kExport.size()])) {
      name.remove_prefix(kExport.size());
      while (is_blank(name.front())) name.remove_prefix(1);
    }
    const auto valid = policy::check_variable_name(name);
    if (!valid) return fail(at_, valid.error().what);
    at_ = equals + 1;
    return std::string(name);
  }

  Status parse_single() {
    const size_t opening = at_++;
    while (at_ < text_.size() && text_[at_] != '\'') TRY(take_quoted());
    return close_quote(opening);
  }

  Status parse_double() {
    const size_t opening = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        TRY(take_escape());
      } else if (text_[at_] == '$') {
        TRY(take_dollar(text_.size()));
      } else {
        TRY(take_quoted());
      }
    }
    return close_quote(opening);
  }

  // To the end of the line, or to the white space before a "#"; ends behind the last character that counts. `begin` is
  // where the "=" ended.
  Status parse_bare(size_t begin) {
    size_t end = line_end();
    for (size_t i = at_; i < end; ++i) {
      if (text_[i] == '#' && is_blank(text_[i - 1])) end = i;
    }
    while (end > at_ && is_blank(text_[end - 1])) --end;
    if (end == at_) at_ = end = begin;
    if (const size_t cr = text_.substr(0, end).find('\r', at_); cr != std::string_view::npos) {
      return fail(cr, "a carriage return inside the line");
    }
    while (at_ < end) {
      if (text_[at_] == '\\' && at_ + 1 < end && (text_[at_ + 1] == '$' || text_[at_ + 1] == '#')) {
        TRY(append(text_[at_ + 1]));
        at_ += 2;
      } else if (text_[at_] == '$') {
        TRY(take_dollar(end));
      } else {
        TRY(append(text_[at_++]));
      }
    }
    return {};
  }

  // One character inside quotes; CRLF becomes LF.
  Status take_quoted() {
    if (text_[at_] == '\r' && peek(1) == '\n') ++at_;
    return append(text_[at_++]);
  }

  Status take_escape() {
    const char c = text_[at_ + 1];
    at_ += 2;
    switch (c) {
      case 'n': return append('\n');
      case 'r': return append('\r');
      case 't': return append('\t');
      default: break;
    }
    if (is_alphanumeric(c)) TRY(append('\\'));
    return append(c);
  }

  // The variable at a "$", or the "$" itself.
  Status take_dollar(size_t end) {
    const auto tag = policy::variable_at(text_.substr(at_, end - at_));
    if (!tag) return fail(at_, tag.error().what);
    const auto& variable = *tag;
    if (!variable) return append(text_[at_++]);
    const size_t dollar = at_;
    at_ += variable->length;
    Status appended;
    const ValueSink sink = [&](std::span<const std::byte> value) { appended = append(value); };
    if (find(variable->name, sink)) return appended;
    if (const auto& fallback = variable->fallback) return append(*fallback);
    return fail(dollar, "the variable here is not set and has no default; a literal '$' is \\$ or in single quotes");
  }

  bool find(std::string_view name, const ValueSink& sink) const {
    const auto above = latest_.find(name);
    if (above == latest_.end()) return variables_(name, sink);
    entries_[above->second].value.reveal([&](std::span<const std::byte> value) { sink(value); });
    return true;
  }

  Status close_quote(size_t opening) {
    if (at_ >= text_.size()) return fail(opening, "the quote that begins here does not end");
    ++at_;
    return {};
  }

  Status append(std::span<const std::byte> bytes) {
    auto appended = builder_.append(bytes);
    if (!appended && appended.error().kind == ErrorKind::kRefused) return fail(at_, appended.error().what);
    return appended;
  }
  Status append(std::string_view text) { return append(std::as_bytes(std::span(text))); }
  Status append(char c) { return append(std::string_view(&c, 1)); }

  std::string_view text_;
  std::string_view file_;
  const VariableSource& variables_;
  SecretBuilder builder_;
  std::vector<EnvFileEntry> entries_;
  std::map<std::string, size_t, std::less<>> latest_;  // of each name the last of entries_
  size_t at_ = 0;
  unsigned lines_ = 1;  // the line of `counted_`
  size_t counted_ = 0;
};

}  // namespace

Result<EnvFile> parse_env_file(SecretBuffer text, std::string_view file, const VariableSource& variables,
                               SecretArena& arena) {
  auto entries = TRY(text.reveal(
      [&](std::span<const std::byte> bytes) { return Parser(as_text(bytes), file, variables, arena).run(); }));
  return EnvFile{.text = std::move(text), .entries = std::move(entries)};
}

std::vector<EnvFileEntry> merge_env_files(std::vector<EnvFile> files) {
  std::vector<EnvFileEntry> merged;
  std::map<std::string, size_t, std::less<>> places;
  for (EnvFile& file : files) {
    for (EnvFileEntry& entry : file.entries) {
      const auto [place, added] = places.try_emplace(entry.name, merged.size());
      if (added) {
        merged.push_back(std::move(entry));
      } else {
        merged[place->second] = std::move(entry);
      }
    }
  }
  return merged;
}

}  // namespace confide::secrets
