// From options to a launch request: policy files read and merged, the caller looked at, the environment decided.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/run_options.h"
#include "launcher/launcher.h"
#include "policy/document.h"
#include "policy/environment.h"

namespace confide::cli {

// Whose word counts about home and configuration.
enum class Asker : uint8_t {
  kPerson,  // $HOME, $XDG_CONFIG_HOME, --policy
  kAgent,   // the account's; a request's environment carries no power
};

struct Prepared {
  launcher::LaunchRequest request;
  std::vector<policy::Removed> removed;                // what was taken out of the environment
  std::vector<policy::NamedEnvironment> environments;  // of the project's policy file, if it counts
  std::vector<std::string> remarks;                    // what a person should know, one line each
  policy::CarriesSecrets secrets = policy::CarriesSecrets::kNo;
};

// `secrets`: what a run that carries some does not take over from the caller's environment.
Result<Prepared> prepare(const RunOptions& options, Asker asker, policy::CarriesSecrets secrets);

}  // namespace confide::cli
