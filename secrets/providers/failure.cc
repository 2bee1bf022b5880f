#include "secrets/providers/failure.h"

#include <algorithm>

#include "base/text.h"

namespace confide::secrets {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool holds(std::string_view text, std::string_view pattern) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return pattern.empty() || std::search(text.begin(), text.end(), pattern.begin(), pattern.end(), same) != text.end();
}

std::string_view last_line(std::string_view text) {
  for (;;) {
    text = trim(text);
    const size_t at = text.find_last_of("\r\n");
    const std::string_view line = trim(at == std::string_view::npos ? text : text.substr(at + 1));
    if (!line.empty() || at == std::string_view::npos) return line;
    text = text.substr(0, at);
  }
}

// A long word of letters and digits could be a value in a form that nobody looked for.
bool could_be_a_value(std::string_view word) {
  constexpr size_t kLong = 24;
  size_t run = 0;
  bool digits = false;
  bool letters = false;
  for (const char c : word) {
    const char l = lower(c);
    const bool digit = c >= '0' && c <= '9';
    const bool part = digit || (l >= 'a' && l <= 'z') || c == '+' || c == '=' || c == '_' || c == '-';
    run = part ? run + 1 : 0;
    if (!part) digits = letters = false;
    digits = digits || digit;
    letters = letters || (part && !digit);
    if (run >= kLong && digits && letters) return true;
  }
  return false;
}

std::string without_credentials(std::string_view line) {
  std::vector<std::string> words;
  for (const std::string_view word : split(line, ' ')) words.emplace_back(could_be_a_value(word) ? "[…]" : word);
  return join(words, " ");
}

std::string quote(std::string_view text, const Redact& redact) {
  const std::string known = redact(text);
  std::string line = without_credentials(last_line(known));
  if (line.size() > kMaxQuoted) {
    line.resize(kMaxQuoted);
    line += "…";
  }
  return printable(line);
}

std::string sentence(std::string_view name, Meaning meaning, std::string_view detail) {
  return detail.empty() ? cat(name, ": ", text_of(meaning)) : cat(name, ": ", text_of(meaning), ": ", detail);
}

}  // namespace

std::string_view text_of(Meaning meaning) {
  switch (meaning) {
    case Meaning::kMissingProgram: return "not installed";
    case Meaning::kNotConfigured: return "not configured";
    case Meaning::kNotSignedIn: return "not signed in";
    case Meaning::kNoPermission: return "no permission";
    case Meaning::kNoSuchItem: return "no such item";
    case Meaning::kAmbiguous: return "more than one item fits";
    case Meaning::kRateLimited: return "rate limited";
    case Meaning::kUnreachable: return "cannot be reached";
    case Meaning::kTimedOut: return "timed out";
    case Meaning::kUnusable: return "gave no usable value";
    case Meaning::kFailed: return "failed";
  }
  return "";
}

std::string_view name_of(Meaning meaning) {
  switch (meaning) {
    case Meaning::kMissingProgram: return "not-installed";
    case Meaning::kNotConfigured: return "not-configured";
    case Meaning::kNotSignedIn: return "not-signed-in";
    case Meaning::kNoPermission: return "no-permission";
    case Meaning::kNoSuchItem: return "no-such-item";
    case Meaning::kAmbiguous: return "ambiguous";
    case Meaning::kRateLimited: return "rate-limited";
    case Meaning::kUnreachable: return "unreachable";
    case Meaning::kTimedOut: return "timed-out";
    case Meaning::kUnusable: return "unusable";
    case Meaning::kFailed: return "failed";
  }
  return "";
}

Failure failure_of(const Provider& provider, Meaning meaning, std::string_view detail) {
  return {.meaning = meaning, .text = sentence(provider.name, meaning, detail)};
}

Failure explain_failure(const Provider& provider, const Ending& ending, const Redact& redact) {
  if (ending.timed_out) {
    return failure_of(provider, Meaning::kTimedOut,
                      cat("no answer within ", provider.timeout_ms / 1000,
                          " s (a prompt that nobody sees, or a network that does not answer)"));
  }
  for (const FailureRule& rule : provider.failures) {
    const bool fits = rule.exit_status == kAnyStatus || rule.exit_status == ending.exit_status;
    if (fits && holds(ending.error_text, rule.pattern)) return failure_of(provider, rule.meaning, rule.cure);
  }
  Failure failure = failure_of(provider, Meaning::kFailed, cat("exit status ", ending.exit_status));
  failure.quoted = quote(ending.error_text, redact);
  return failure;
}

}  // namespace confide::secrets
