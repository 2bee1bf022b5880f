// One call of a provider's program: in a sandbox of its own, or bare where its row says why. Standard output and error
// are pipes of the broker's and go straight there; this process reads neither.
#pragma once

#include <vector>

#include "base/result.h"
#include "launcher/launcher.h"
#include "supervisor/protocol.h"

namespace confide::supervisor {

// `slots` and `secrets` are its variables. Errors: kNotFound and kNotExecutable (the program), what the launcher says.
Result<EndedMessage> call_provider(const ProviderOrder& order, const std::vector<SlotText>& slots,
                                   launcher::SecretSource& secrets);

}  // namespace confide::supervisor
