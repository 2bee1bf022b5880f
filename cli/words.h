// The words behind a verb that has few options: what is an option, what stands by itself. (Verbs with many use
// options.h.)
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/print.h"
#include "cli/verbs.h"

namespace confide::cli {

struct WordOption {
  std::string_view name;  // with its dashes
  enum class Takes : uint8_t { kNothing, kValue } takes = Takes::kNothing;
};

class Words {
 public:
  // Every option at most once, as `--name value` or `--name=value`; behind `--` everything stands by itself. --json and
  // --help are always known. Errors (kUsage) begin with `verb`.
  static Result<Words> parse(std::string_view verb, Arguments arguments, std::span<const WordOption> options);

  const std::vector<std::string>& plain() const { return plain_; }
  bool has(std::string_view option) const { return options_.contains(option); }
  std::optional<std::string> value(std::string_view option) const;
  Form form() const { return has("--json") ? Form::kJson : Form::kText; }

 private:
  std::vector<std::string> plain_;
  std::map<std::string, std::string, std::less<>> options_;
};

// "vault takes init, status, …": what to say of a word that is none of them.
Error unknown_word(std::string_view verb, std::string_view word, const std::vector<std::string_view>& known);

}  // namespace confide::cli
