// Where a provider's program is found, and the policy of the sandbox that holds it.
#pragma once

#include <string>

#include "base/result.h"
#include "launcher/plan/scene.h"
#include "policy/policy.h"
#include "supervisor/protocol.h"

namespace confide::supervisor {

// The program's file. A folder of PATH counts only if it is absolute, not inside the project or the working directory
// (what an agent may write, as node_modules/.bin), and nobody but root and the caller may write the file or its folder.
// Error: kNotFound, naming the program.
Result<std::string> find_provider_program(const ProviderOrder& order, const launcher::Caller& caller);

// Tighter than any profile of a person's: no project, an empty home but for what the row names, nothing of the
// environment, the network only where the row says so. Pure.
Result<policy::Policy> provider_policy(const ProviderOrder& order, const launcher::Caller& caller,
                                       const std::string& program_file);

}  // namespace confide::supervisor
