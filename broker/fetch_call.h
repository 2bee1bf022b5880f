// What the broker asks confide-fetch, and what it makes of the answer: the bytes are those of fetch/wire.h, kept in
// locked memory on this side.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/provider_shell.h"
#include "broker/providers.h"

namespace confide::broker {

// All references of one row in one request, with the variables that the row names.
Result<secrets::SecretBuffer> fetch_request(const secrets::Provider& row,
                                            const std::vector<const policy::Reference*>& references,
                                            const std::string& nonce, const ProviderShell& shell,
                                            secrets::SecretArena& arena);

// `count` answers, in order; nothing where the bytes are not a whole answer.
std::optional<std::vector<Resolved>> read_answers(const secrets::Provider& row, const secrets::SecretBuffer& output,
                                                  const std::string& nonce, size_t count, secrets::SecretArena& arena);

}  // namespace confide::broker
