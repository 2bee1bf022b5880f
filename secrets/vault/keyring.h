// A key in the kernel's keyring of the user (keyrings(7), user-keyring(7)): gone with the next boot, readable by every
// process of the uid.
#pragma once

#include <optional>
#include <string>

#include "secrets/secret_buffer.h"

namespace confide::vault {

// Nothing where there is none, or where it has expired or been revoked. Error: kSystem.
Result<std::optional<secrets::SecretBuffer>> find_in_keyring(const std::string& description, size_t size);
// Error (kUnsupported): no keyrings here.
Status put_into_keyring(const std::string& description, const secrets::SecretBuffer& key);
// Gone at once, in whatever keyring it stands. Nothing happens where there is none. Error: kSystem.
Status drop_from_keyring(const std::string& description);

}  // namespace confide::vault
