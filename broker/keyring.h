// A key of the kernel's keyrings: keyring://session/… and keyring://user/… (keyrings(7), keyctl(2)).
#pragma once

#include <expected>

#include "base/result.h"
#include "policy/reference.h"
#include "secrets/providers/failure.h"
#include "secrets/secret_buffer.h"

namespace confide::broker {

// The payload of a key of type "user", or why not.
std::expected<secrets::SecretBuffer, secrets::Failure> read_key(const policy::KeyringKey& key,
                                                                const secrets::Provider& row,
                                                                secrets::SecretArena& arena);

}  // namespace confide::broker
