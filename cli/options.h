// The options of a verb that has many: one table, which parses a command line and prints itself as help. It stands on
// the way of every launch: nothing is built or allocated for an option that is not given. (Verbs with few: words.h.)
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/verbs.h"
#include "policy/resolve.h"

namespace confide::cli {

// Where a value goes. The lists take an option any number of times, the others once; `bool` and Effect take no value.
using Effect = std::function<void()>;
using Target = std::variant<bool*, Effect, int*, std::optional<std::string>*, std::optional<policy::Flag>*,
                            std::vector<std::string>*, std::vector<policy::Flag>*>;

struct Option {
  std::string_view name;   // with its dashes
  std::string_view value;  // what the help calls the value; empty where it takes none
  std::string_view about;
  Target target;
};

// What a verb's help shows around its options.
struct HelpText {
  std::string_view verb;  // "confide run"
  std::string_view about;
  std::string_view footer;
};
std::string help_of(const HelpText& text, std::span<const Option> options);

struct OptionsParsed {
  bool help = false;              // --help or -h was among them: nothing behind it was read
  std::vector<std::string> rest;  // from the first word that is no option, or behind `--`
};
// Reads `--name value` and `--name=value` up to the first other word; a `--` ends the options and is dropped. A word
// that is neither, before a `--` further on, is an error: a value too many would be run as the command. The targets
// outlive the call. Errors: kUsage.
Result<OptionsParsed> parse_options(std::string_view verb, Arguments arguments, std::span<const Option> options);

}  // namespace confide::cli
