#include "cli/list_option.h"

#include <CLI/CLI.hpp>

namespace confide::cli {
namespace {

void take_each(CLI::Option& option, const std::string& type) {
  option.type_name(type)->expected(1)->take_all()->allow_extra_args(false);
}

}  // namespace

void add_list_option(CLI::App& app, const std::string& name, std::vector<std::string>& into, const std::string& type,
                     const std::string& about) {
  take_each(*app.add_option(name, into, about), type);
}

void add_list_option(CLI::App& app, const std::string& name, std::vector<policy::Flag>& into, const std::string& type,
                     const std::string& about) {
  take_each(*app.add_option_function<std::vector<std::string>>(
                name,
                [&into, name](const std::vector<std::string>& all) {
                  for (const auto& text : all) into.push_back({text, name});
                },
                about),
            type);
}

}  // namespace confide::cli
