// Options that may be given several times, one value each: `--read a b` must not swallow what follows.
#pragma once

#include <string>
#include <vector>

#include "policy/resolve.h"

namespace CLI {
class App;
}

namespace confide::cli {

// Both append to `into` when the line is parsed, and live no longer than it. `type` is what the help calls the value.
void add_list_option(CLI::App& app, const std::string& name, std::vector<std::string>& into, const std::string& type,
                     const std::string& about);
void add_list_option(CLI::App& app, const std::string& name, std::vector<policy::Flag>& into, const std::string& type,
                     const std::string& about);

}  // namespace confide::cli
