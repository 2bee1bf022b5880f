// A plan on standard output, as text or JSON: `explain` and `run --dry-run`.
#pragma once

#include "base/result.h"
#include "cli/prepare.h"
#include "cli/run_options.h"

namespace confide::cli {

// `environ_fd`: this process's environ, for env files whose references the broker lists; -1 without secrets. Returns
// the exit status.
Result<int> show_plan(Prepared prepared, const RunOptions& options, int environ_fd);

}  // namespace confide::cli
