#include "policy/guard.h"

#include <algorithm>

#include "base/text.h"
#include "policy/parse.h"

namespace confide::policy {
namespace {

// Walks over a TOML text, knowing comments and the four kinds of quotes and nothing else.
class Scanner {
 public:
  Scanner(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::optional<Diagnostic> scan() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '"' || c == '\'') {
        if (!skip_quoted(c)) return std::nullopt;
      } else {
        if ((static_cast<unsigned char>(c) & 0x80) != 0)
          return found("a character outside ASCII can stand in quotes or a comment only");
        if (c == '.' && ++dots_ > kMaxDots) return found(cat("more than ", kMaxDots, " dots in one key"));
        constexpr std::string_view kStructure = "=,[]{}\n";
        if (kStructure.find(c) != std::string_view::npos) dots_ = 0;
        ++at_;
      }
    }
    return std::nullopt;
  }

 private:
  // False where the text ends, or a line ends that the quotes do not reach over.
  bool skip_quoted(char quote) {
    const size_t opening = run_of(quote);
    const bool is_long = opening >= 3;
    if (opening == 2 || opening >= 6) {  // empty
      at_ += std::min<size_t>(opening, 6);
      return true;
    }
    at_ += is_long ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == quote) {
        const size_t run = run_of(quote);
        if (!is_long || run >= 3) {
          at_ += is_long ? std::min<size_t>(run, 5) : 1;
          return true;
        }
        at_ += run;
      } else if (c == '\n' && !is_long) {
        return false;
      } else {
        at_ += c == '\\' && quote == '"' ? 2 : 1;
      }
    }
    return false;
  }

  size_t run_of(char quote) const { return std::min(text_.find_first_not_of(quote, at_), text_.size()) - at_; }

  Diagnostic found(std::string message) const {
    const std::string_view before = text_.substr(0, at_);
    const size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
    const auto is_front = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return {file_, static_cast<uint32_t>(1 + std::ranges::count(before, '\n')),
            static_cast<uint32_t>(1 + std::ranges::count_if(before.substr(line_begin), is_front)), std::move(message)};
  }

  std::string_view text_;
  const std::string& file_;
  size_t at_ = 0;
  size_t dots_ = 0;
};

}  // namespace

std::optional<Diagnostic> unfit_for_parsing(std::string_view text, const std::string& file) {
  if (text.size() > kMaxPolicyBytes) return Diagnostic{file, 1, 1, "the file is larger than 1 MiB"};
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    const auto line = static_cast<uint32_t>(1 + std::ranges::count(text.substr(0, nul), '\n'));
    return Diagnostic{file, line, 1, "the line holds a NUL byte"};
  }
  return Scanner(text, file).scan();
}

}  // namespace confide::policy
