// What `confide provider list` and `confide provider test` show.
#pragma once

#include <vector>

#include "base/result.h"
#include "broker/protocol.h"
#include "broker/providers.h"

namespace confide::broker {

ProviderList list_providers(const secrets::Environ& shell, secrets::SecretArena& arena);

// Without a reference the row's probe is called; with one it is resolved, and the value dropped. Errors: kUsage for a
// provider that is not known (with the nearest name), kRefused for a malformed reference or one of another provider.
Result<ProviderTest> test_provider(const std::string& word, const std::string& reference, ProviderContext context);

}  // namespace confide::broker
