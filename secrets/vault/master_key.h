// Making and having the master key of a vault. What a person or another program must do is asked of the caller.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "secrets/vault/format.h"

namespace confide::vault {

enum class AskFor : uint8_t { kNewPassphrase, kPassphrase };

// A missing one is an error (kRefused) where it is needed.
struct KeyHelpers {
  std::function<Result<SecretBuffer>(AskFor)> passphrase;
  std::function<Result<std::string>(const SecretBuffer& key)> seal;         // systemd-creds encrypt
  std::function<Result<SecretBuffer>(std::string_view credential)> unseal;  // systemd-creds decrypt
};

struct MadeKey {
  KeyFile file;
  SecretBuffer master;
};
// `master` empty: a new one is drawn; else it is wrapped anew.
Result<MadeKey> make_key(KeyKind kind, std::string vault, SecretBuffer master, const KeyHelpers& helpers);

// Errors: kRefused (wrong passphrase, damaged file), whatever a helper says.
Result<SecretBuffer> unlock(const KeyFile& file, const KeyHelpers& helpers);

// What of the key is kept outside its file: for kKeyring the key in the user's keyring, else nothing. Errors:
// kUnsupported (no keyrings here); kSystem (it cannot be taken out again).
Status remember(const KeyFile& file, const SecretBuffer& master);
Status forget(const KeyFile& file);

// Whether a person typed the passphrase, asked for even where the keyring has the key. kinds without one: nothing to
// do. Errors as above.
Status confirm(const KeyFile& file, const KeyHelpers& helpers);

// Whether every process of the uid can have the key without being asked anything (assurance level 0).
bool is_level_0(KeyKind kind);

}  // namespace confide::vault
