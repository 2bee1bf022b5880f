// Which runs carry secrets, and what a person's run asks of the broker.
#pragma once

#include "broker/client.h"
#include "cli/prepare.h"
#include "cli/run_options.h"

namespace confide::cli {

// Options that name secrets, or a variable of the shell that holds a reference to a store, as `op run` resolves them.
policy::CarriesSecrets carries_secrets(const RunOptions& options);

// All but the launch request.
broker::SecretRun secret_run(const RunOptions& options, const Prepared& prepared);

}  // namespace confide::cli
