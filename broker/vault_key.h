// The vault's master key sealed by systemd-creds(1) with the host's key: a helper call each way, in a sandbox that sees
// that key's file, no network, and the key or the credential on its standard input.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/spawner.h"
#include "secrets/secret_buffer.h"

namespace confide::broker {

// The credential is no secret. Errors (kRefused): what systemd-creds said, and what to do.
Result<std::string> seal_by_systemd(const Spawner& spawner, const secrets::SecretBuffer& key,
                                    secrets::SecretArena& arena);
Result<secrets::SecretBuffer> unseal_by_systemd(const Spawner& spawner, std::string_view credential,
                                                secrets::SecretArena& arena);

// What a failed call of the user `uid` means; `said` is its standard error, which is quoted where it is not known.
Error explain_systemd_failure(std::string_view said, uid_t uid);

}  // namespace confide::broker
