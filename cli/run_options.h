// The options of `run`, `explain` and `mask`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "policy/resolve.h"
#include "supervisor/protocol.h"

namespace confide::cli {

struct RunOptions {
  policy::Overrides flags;
  std::optional<std::string> policy_file;
  std::vector<std::string> env_files;
  std::vector<std::string> secrets;
  std::vector<std::string> environments;
  std::vector<std::string> templates;  // SOURCE=/path
  std::vector<std::string> command;
  Form form = Form::kText;
  policy::ForAgents for_agents = policy::ForAgents::kNo;
  bool dry_run = false;
  bool trace = false;
  supervisor::Masking masking = supervisor::Masking::kOn;
  int status_fd = -1;
  std::optional<std::string> lease;  // "10m"
  bool lease_renew = false;
};

struct Parsed {
  RunOptions options;
  std::optional<std::string> help;  // print it and stop
};

// Whether --json stands among the options, for errors about options.
Form form_of(Arguments arguments);

struct MaskOptions {
  policy::Overrides flags;  // profile only
  std::optional<std::string> policy_file;
  std::vector<std::string> secrets;
  std::vector<std::string> env_files;
  std::optional<std::string> help;  // print it and stop
};
// Errors: kUsage.
Result<MaskOptions> parse_mask_options(Arguments arguments);

enum class For : uint8_t { kRun, kExplain };
// Errors: kUsage.
Result<Parsed> parse_run_options(Arguments arguments, For verb);

}  // namespace confide::cli
