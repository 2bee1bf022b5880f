// The options of `confide agent`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "policy/resolve.h"

namespace confide::cli {

struct AgentOptions {
  std::optional<std::string> client;  // --for
  std::optional<std::string> policy_file;
  policy::Overrides flags;  // all but the profile, unless --profile names one
  std::vector<std::string> command;
  Form form = Form::kText;
  bool dry_run = false;
  bool quiet = false;
  int status_fd = -1;
  std::optional<std::string> help;  // print it and stop
};
// Errors: kUsage.
Result<AgentOptions> parse_agent_options(Arguments arguments);

}  // namespace confide::cli
