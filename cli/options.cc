#include "cli/options.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace confide::cli {
namespace {

constexpr size_t kColumn = 34;  // where the explanations begin

template <class... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};

Error usage(std::string_view verb, std::string_view what) {
  return {ErrorKind::kUsage, 0, cat(what, " (", verb, " --help lists the options)")};
}

Error unknown_option(std::string_view verb, std::string_view word, std::span<const Option> options) {
  std::vector<std::string_view> names;
  for (const Option& option : options) names.push_back(option.name);
  const std::string_view bare = word.substr(0, word.find('='));
  return usage(verb, cat("unknown option ", printable(bare), did_you_mean(bare, names)));
}

template <class Value>
bool set_once(std::optional<Value>* into, Value value) {
  if (into->has_value()) return false;
  *into = std::move(value);
  return true;
}

// What is wrong with the value, in the words that follow the option's name; empty where it was taken.
std::string_view take(const Option& option, std::string_view text) {
  constexpr std::string_view kTwice = " is given twice";
  return std::visit(Overload{
                        [](bool* flag) -> std::string_view {
                          *flag = true;
                          return {};
                        },
                        [](const Effect& effect) -> std::string_view {
                          effect();
                          return {};
                        },
                        [&](int* number) -> std::string_view {
                          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
                          const bool whole = error == std::errc() && end == text.data() + text.size();
                          return whole ? "" : " takes a number";
                        },
                        [&](std::optional<std::string>* into) -> std::string_view {
                          return set_once(into, std::string(text)) ? "" : kTwice;
                        },
                        [&](std::optional<policy::Flag>* into) -> std::string_view {
                          return set_once(into, {std::string(text), std::string(option.name)}) ? "" : kTwice;
                        },
                        [&](std::vector<std::string>* into) -> std::string_view {
                          into->emplace_back(text);
                          return {};
                        },
                        [&](std::vector<policy::Flag>* into) -> std::string_view {
                          into->push_back({std::string(text), std::string(option.name)});
                          return {};
                        },
                    },
                    option.target);
}

}  // namespace

std::string help_of(const HelpText& text, std::span<const Option> options) {
  std::string help = cat(text.about, "\nUsage: ", text.verb, " [OPTIONS]\n\nOptions:\n");
  const auto add = [&](std::string_view name, std::string_view value, std::string_view about) {
    std::string line = cat("  ", name, value.empty() ? "" : " ", value);
    line.resize(std::max(line.size() + 1, kColumn), ' ');
    help += cat(line, about, "\n");
  };
  add("-h,--help", "", "Print this help message and exit");
  for (const Option& option : options) add(option.name, option.value, option.about);
  return cat(help, "\n", text.footer, "\n");
}

Result<OptionsParsed> parse_options(std::string_view verb, Arguments arguments, std::span<const Option> options) {
  OptionsParsed parsed;
  const auto is_mark = [](const char* word) { return std::string_view(word) == "--"; };
  size_t at = 0;
  for (; at < arguments.size(); ++at) {
    const std::string_view word = arguments[at];
    if (word == "--help" || word == "-h") {
      parsed.help = true;
      return parsed;
    }
    if (!word.starts_with("-") || is_mark(arguments[at])) break;
    const size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto option = std::ranges::find(options, name, &Option::name);
    if (option == options.end()) return unknown_option(verb, word, options);
    std::string_view value;
    if (option->value.empty()) {
      if (equals != std::string_view::npos) return usage(verb, cat(name, " takes no value"));
    } else if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (at + 1 < arguments.size() && !std::string_view(arguments[at + 1]).starts_with("--")) {
      value = arguments[++at];
    } else {
      return usage(verb, cat(name, " takes a value, ", option->value));
    }
    if (const std::string_view wrong = take(*option, value); !wrong.empty()) return usage(verb, cat(name, wrong));
  }
  if (at < arguments.size()) {
    const auto rest = arguments.begin() + static_cast<ptrdiff_t>(at);
    if (!is_mark(*rest) && std::find_if(rest, arguments.end(), is_mark) != arguments.end())
      return Error{ErrorKind::kUsage, 0, cat("unexpected word `", printable(*rest), "` before --")};
    parsed.rest.assign(is_mark(*rest) ? rest + 1 : rest, arguments.end());
  }
  return parsed;
}

}  // namespace confide::cli
