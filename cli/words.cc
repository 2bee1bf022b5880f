#include "cli/words.h"

#include <algorithm>

#include "base/text.h"

namespace confide::cli {
namespace {

constexpr WordOption kAlways[] = {{"--json"}, {"--help"}};

const WordOption* find(std::span<const WordOption> options, std::string_view name) {
  for (const auto& known : {options, std::span<const WordOption>(kAlways)}) {
    const auto found = std::ranges::find(known, name, &WordOption::name);
    if (found != known.end()) return &*found;
  }
  return nullptr;
}

Error usage(std::string_view verb, std::string_view what) {
  return {ErrorKind::kUsage, 0, cat(verb, ": ", what, " (confide ", verb, " --help)")};
}

}  // namespace

Result<Words> Words::parse(std::string_view verb, Arguments arguments, std::span<const WordOption> options) {
  Words words;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--") {
      words.plain_.insert(words.plain_.end(), arguments.begin() + static_cast<ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (!word.starts_with("--") && word != "-h") {
      words.plain_.emplace_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string_view name = word == "-h" ? "--help" : word.substr(0, equals);
    const WordOption* option = find(options, name);
    if (option == nullptr) {
      std::vector<std::string_view> names;
      for (const WordOption& one : options) names.push_back(one.name);
      return usage(verb, cat("unknown option ", printable(name), did_you_mean(name, names)));
    }
    std::string value;
    if (option->takes == WordOption::Takes::kNothing) {
      if (equals != std::string_view::npos) return usage(verb, cat(name, " takes nothing"));
    } else if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return usage(verb, cat(name, " takes a value"));
    }
    if (!words.options_.emplace(name, std::move(value)).second) return usage(verb, cat(name, " is given twice"));
  }
  return words;
}

std::optional<std::string> Words::value(std::string_view option) const {
  const auto found = options_.find(option);
  return found == options_.end() ? std::nullopt : std::optional(found->second);
}

Error unknown_word(std::string_view verb, std::string_view word, const std::vector<std::string_view>& known) {
  std::vector<std::string> names(known.begin(), known.end());
  const std::string what = word.empty() ? cat(verb, " takes one of ", join(names, ", "))
                                        : cat("unknown word `", printable(word), "`", did_you_mean(word, known));
  return {ErrorKind::kUsage, 0, cat(what, " (confide ", verb, " --help)")};
}

}  // namespace confide::cli
