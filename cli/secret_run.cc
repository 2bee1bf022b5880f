#include "cli/secret_run.h"

#include <unistd.h>

#include <string_view>

#include "cli/store.h"
#include "policy/reference.h"

namespace confide::cli {
namespace {

bool shell_holds_references() {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.find("://", equals) == std::string_view::npos) continue;
    const auto scheme = policy::scheme_of(text.substr(equals + 1));
    if (scheme && policy::names_a_store(*scheme)) return true;
  }
  return false;
}

}  // namespace

policy::CarriesSecrets carries_secrets(const RunOptions& options) {
  const bool carries = !options.secrets.empty() || !options.env_files.empty() || !options.environments.empty() ||
                       !options.templates.empty() || shell_holds_references();
  return carries ? policy::CarriesSecrets::kYes : policy::CarriesSecrets::kNo;
}

broker::SecretRun secret_run(const RunOptions& options, const Prepared& prepared) {
  broker::SecretRun run{.secrets = options.secrets,
                        .env_files = options.env_files,
                        .environments = options.environments,
                        .known = prepared.environments,
                        .templates = {},
                        .shell = broker::ShellReferences::kResolve,
                        .launch_request = {},
                        .masking = options.masking,
                        .folders = persons_folders(),
                        .cwd = prepared.request.caller.cwd.canonical};
  if (const auto& project = prepared.request.caller.project) run.project = project->canonical;
  for (const std::string& text : options.templates) {
    const size_t equals = text.rfind('=');
    run.templates.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return run;
}

}  // namespace confide::cli
