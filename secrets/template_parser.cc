#include "secrets/template_parser.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace confide::secrets {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

class Scanner {
 public:
  Scanner(std::string_view text, std::string_view file, const VariableSource& variables, Dollar dollar)
      : text_(text), file_(file), variables_(variables), dollar_(dollar) {}

  Result<std::vector<Segment>> run() {
    while (at_ < text_.size()) {
      const auto taken = TRY(take_special());
      if (!taken) ++at_;  // plain text: it is taken with what follows
    }
    flush(text_.size());
    return std::move(segments_);
  }

 private:
  enum class Taken : uint8_t { kYes };
  using MaybeTaken = std::optional<Taken>;

  // The position of `offset` is counted only when something is wrong.
  Error fail(size_t offset, std::string_view cause) const {
    const auto before = text_.substr(0, offset);
    const size_t line = 1 + static_cast<size_t>(std::ranges::count(before, '\n'));
    const size_t last_break = before.rfind('\n');
    const size_t column = last_break == std::string_view::npos ? offset + 1 : offset - last_break;
    return Error{ErrorKind::kRefused, 0, cat(printable(file_), ":", line, ":", column, ": ", cause)};
  }

  void add_literal(size_t begin, size_t end) {
    if (begin == end) return;
    if (!segments_.empty()) {
      if (auto* last = std::get_if<LiteralSegment>(&segments_.back()); last != nullptr && last->text.end == begin) {
        last->text.end = end;
        return;
      }
    }
    segments_.emplace_back(LiteralSegment{{begin, end}});
  }
  // Everything from the last special place up to `end` is literal.
  void flush(size_t end) {
    add_literal(pending_, end);
    pending_ = end;
  }
  // Puts `segment` for the text from at_ to `end`.
  template <class Kind>
  MaybeTaken put(Kind segment, size_t end) {
    flush(at_);
    segments_.emplace_back(std::move(segment));
    at_ = pending_ = end;
    return Taken::kYes;
  }

  Result<MaybeTaken> take_special() {
    switch (text_[at_]) {
      case '{': return take_braces();
      case '$': return dollar_ == Dollar::kVariable ? take_variable() : Result<MaybeTaken>(std::nullopt);
      case 'o':
      case 'c': return take_unenclosed();
      default: return MaybeTaken();
    }
  }

  // The length of the variable tag at `at`, 0 where there is none or "$" is plain text.
  Result<size_t> tag_length(size_t at) const {
    if (dollar_ == Dollar::kPlainText || text_[at] != '$') return size_t{0};
    const auto tag = policy::variable_at(text_.substr(at));
    if (!tag) return fail(at, tag.error().what);
    const auto& variable = *tag;
    return variable ? variable->length : 0;
  }

  Result<MaybeTaken> take_variable() {
    const auto tag = policy::variable_at(text_.substr(at_));
    if (!tag) return fail(at_, tag.error().what);
    const auto& variable = *tag;
    if (!variable) return MaybeTaken();
    const auto& [name, fallback, length] = *variable;
    if (!fallback && !variables_(name, [](std::span<const std::byte>) {})) {
      return fail(at_, "the variable here is not set and has no default; a literal '$' is {{ \"$\" }}");
    }
    VariableSegment segment{.name = span_of(name), .fallback = {}};
    if (fallback) segment.fallback = span_of(*fallback);
    return put(std::move(segment), at_ + length);
  }
  TextSpan span_of(std::string_view part) const {
    const auto begin = static_cast<size_t>(part.data() - text_.data());
    return {begin, begin + part.size()};
  }

  // The reference that `raw`, at `offset`, becomes once its variables are replaced.
  Result<policy::Reference> reference_from(std::string_view raw, size_t offset) const {
    std::string expanded(raw);
    if (dollar_ == Dollar::kVariable) {
      auto result = policy::expand_variables(raw, [&](std::string_view name) {
        std::optional<std::string> value;
        variables_(name, [&](std::span<const std::byte> bytes) { value = std::string(as_text(bytes)); });
        return value;
      });
      if (!result) return fail(offset, cat("in this reference, ", result.error().what));
      expanded = std::move(*result);
    }
    auto reference = policy::parse_reference(expanded);
    if (!reference) return fail(offset, cat("in this reference, ", reference.error().what));
    return reference;
  }

  // op://… or confide://… without braces.
  Result<MaybeTaken> take_unenclosed() {
    const auto rest = text_.substr(at_);
    if (!rest.starts_with("op://") && !rest.starts_with("confide://")) return MaybeTaken();
    if (at_ > 0) {
      const char before = text_[at_ - 1];
      if (is_alphanumeric(before) || before == '-' || before == '+' || before == '\\' || before == '.') {
        return MaybeTaken();
      }
    }
    size_t end = text_.find("://", at_) + 3;
    bool in_parameter = false;
    while (end < text_.size()) {
      const char c = text_[end];
      if (const size_t length = TRY(tag_length(end)); length > 0) {
        end += length;
      } else if (is_alphanumeric(c) || c == '-' || c == '?' || c == '_' || c == '.' || c == '/' ||
                 (c == '=' && in_parameter)) {
        in_parameter = in_parameter || c == '?';
        ++end;
      } else {
        break;
      }
    }
    auto reference = TRY(reference_from(text_.substr(at_, end - at_), at_));
    return put(ReferenceSegment{std::move(reference)}, end);
  }

  size_t skip_spaces(size_t at) const {
    while (at < text_.size() && text_[at] == ' ') ++at;
    return at;
  }

  Result<MaybeTaken> take_braces() {
    if (!text_.substr(at_).starts_with("{{")) return MaybeTaken();
    const size_t begin = skip_spaces(at_ + 2);
    if (begin == text_.size()) return MaybeTaken();
    return text_[begin] == '"' ? take_literal(begin + 1) : take_enclosed(begin);
  }

  // {{ "text" }}: the text, with \" for a quote. Anything else that begins so is somebody else's template.
  MaybeTaken take_literal(size_t begin) {
    size_t end = begin;
    while (end < text_.size() && text_[end] != '"') end += text_.substr(end).starts_with("\\\"") ? size_t{2} : 1;
    if (end >= text_.size()) return std::nullopt;
    const size_t closing = skip_spaces(end + 1);
    if (!text_.substr(closing).starts_with("}}")) return std::nullopt;
    flush(at_);
    size_t piece = begin;
    for (size_t i = begin; i < end; ++i) {
      if (text_[i] != '\\' || text_[i + 1] != '"') continue;
      add_literal(piece, i);
      piece = ++i;
    }
    add_literal(piece, end);
    at_ = pending_ = closing + 2;
    return Taken::kYes;
  }

  // {{ reference }}.
  Result<MaybeTaken> take_enclosed(size_t begin) {
    const auto content = text_.substr(begin);
    const auto scheme = policy::scheme_of(content);
    if (!scheme && !has_scheme(content)) return MaybeTaken();
    // A scheme without "//" may be somebody else's text: the next "{{" ends the search, so that it stays linear.
    const bool by_prefix = !scheme || policy::prefix_of(*scheme).ends_with("://");
    size_t end = begin;
    while (end < text_.size() && text_[end] != '\n' && !text_.substr(end).starts_with("}}") &&
           (by_prefix || !text_.substr(end).starts_with("{{"))) {
      const size_t length = TRY(tag_length(end));
      end += length > 0 ? length : 1;
    }
    const bool closed = text_.substr(end).starts_with("}}");
    auto raw = text_.substr(begin, end - begin);
    while (!raw.empty() && raw.back() == ' ') raw.remove_suffix(1);
    if (!by_prefix && (!closed || !policy::looks_like_reference(raw))) return MaybeTaken();
    if (!closed) return fail(at_, "the braces that begin here do not end in this line");
    auto reference = TRY(reference_from(raw, begin));
    return put(ReferenceSegment{std::move(reference)}, end + 2);
  }

  // letter *(letter / digit / "+" / "-" / ".") "://", RFC 3986.
  static bool has_scheme(std::string_view text) {
    size_t i = 0;
    while (i < text.size() && (is_letter(text[i]) || (i > 0 && (is_alphanumeric(text[i]) || text[i] == '+' ||
                                                                text[i] == '-' || text[i] == '.')))) {
      ++i;
    }
    return i > 0 && text.substr(i).starts_with("://");
  }

  std::string_view text_;
  std::string_view file_;
  const VariableSource& variables_;
  Dollar dollar_;
  std::vector<Segment> segments_;
  size_t at_ = 0;
  size_t pending_ = 0;  // where the text begins that is not in a segment yet
};

}  // namespace

Result<std::vector<Segment>> parse_segments(std::string_view text, std::string_view file,
                                            const VariableSource& variables, Dollar dollar) {
  return Scanner(text, file, variables, dollar).run();
}

}  // namespace confide::secrets
