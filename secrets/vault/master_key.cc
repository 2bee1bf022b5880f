#include "secrets/vault/master_key.h"

#include "base/text.h"
#include "secrets/vault/keyring.h"

namespace confide::vault {
namespace {

constexpr size_t kLeastPassphrase = 8;

Error refuse(std::string what) { return Error{ErrorKind::kRefused, 0, std::move(what)}; }

std::string keyring_name(const KeyFile& file) { return cat("confide:vault:", hex(file.vault)); }

Result<SecretBuffer> ask(const KeyHelpers& helpers, AskFor what) {
  if (!helpers.passphrase) return refuse("the vault's passphrase must be typed, and there is no terminal to ask on");
  SecretBuffer typed = TRY(helpers.passphrase(what));
  if (what == AskFor::kNewPassphrase && typed.size() < kLeastPassphrase)
    return refuse(cat("a passphrase has at least ", kLeastPassphrase, " bytes"));
  return typed;
}

Result<std::string> check_of(const KeyFile& file, const SecretBuffer& master) {
  return mac(TRY(derive(master, Purpose::kKeyFile)), checked_part(file));
}

Status wrap(KeyFile& file, const SecretBuffer& master, const KeyHelpers& helpers) {
  file.salt = random_bytes(kSaltBytes);
  file.cost = Argon2Cost{};
  const SecretBuffer typed = TRY(ask(helpers, AskFor::kNewPassphrase));
  const SecretBuffer wrapping = TRY(key_from_passphrase(typed, file.salt, file.cost));
  file.sealed =
      master.reveal([&](std::span<const std::byte> bytes) { return seal(wrapping, bound_part(file), bytes); });
  return {};
}

Result<SecretBuffer> unwrap(const KeyFile& file, const KeyHelpers& helpers) {
  const SecretBuffer typed = TRY(ask(helpers, AskFor::kPassphrase));
  const SecretBuffer wrapping = TRY(key_from_passphrase(typed, file.salt, file.cost));
  SecretBuffer master = TRY(SecretBuffer::create(kKeyBytes));
  const bool opened =
      master.fill([&](std::span<std::byte> to) { return unseal(wrapping, bound_part(file), file.sealed, to); });
  if (!opened) return refuse("the passphrase is wrong (or the key file is damaged)");
  return master;
}

Result<SecretBuffer> copy_of(const SecretBuffer& key) {
  return key.reveal([](std::span<const std::byte> bytes) { return SecretBuffer::copy_from(bytes); });
}

Result<SecretBuffer> have(const KeyFile& file, const KeyHelpers& helpers) {
  switch (file.kind) {
    case KeyKind::kPassphrase: return unwrap(file, helpers);
    case KeyKind::kKeyring: {
      auto cached = TRY(find_in_keyring(keyring_name(file), kKeyBytes));
      if (cached) return std::move(*cached);
      SecretBuffer master = TRY(unwrap(file, helpers));
      TRY(put_into_keyring(keyring_name(file), master));
      return master;
    }
    case KeyKind::kSystemdCreds:
      if (!helpers.unseal) return refuse("systemd-creds cannot be asked here for the vault's key");
      return helpers.unseal(file.sealed);
    case KeyKind::kFile: return copy_of(file.plain);
  }
  return refuse("no such kind of key");
}

}  // namespace

Result<MadeKey> make_key(KeyKind kind, std::string vault, SecretBuffer master, const KeyHelpers& helpers) {
  MadeKey made{.file = {.vault = std::move(vault), .kind = kind, .cost = {0, 0}}, .master = std::move(master)};
  if (made.master.empty()) made.master = TRY(new_key());
  switch (kind) {
    case KeyKind::kPassphrase:
    case KeyKind::kKeyring: TRY(wrap(made.file, made.master, helpers)); break;
    case KeyKind::kSystemdCreds:
      if (!helpers.seal) return refuse("systemd-creds cannot be asked here to keep the vault's key");
      made.file.sealed = TRY(helpers.seal(made.master));
      break;
    case KeyKind::kFile: made.file.plain = TRY(copy_of(made.master)); break;
  }
  made.file.check = TRY(check_of(made.file, made.master));
  return made;
}

Status remember(const KeyFile& file, const SecretBuffer& master) {
  if (file.kind != KeyKind::kKeyring) return {};
  return put_into_keyring(keyring_name(file), master);
}

Status forget(const KeyFile& file) { return drop_from_keyring(keyring_name(file)); }

Result<SecretBuffer> unlock(const KeyFile& file, const KeyHelpers& helpers) {
  SecretBuffer master = TRY(have(file, helpers));
  if (master.size() != kKeyBytes || !same_bytes(TRY(check_of(file, master)), file.check))
    return refuse("the key file is damaged, or its key is another vault's");
  return master;
}

Status confirm(const KeyFile& file, const KeyHelpers& helpers) {
  if (file.kind != KeyKind::kPassphrase && file.kind != KeyKind::kKeyring) return {};
  TRY(unwrap(file, helpers));
  return {};
}

bool is_level_0(KeyKind kind) { return kind == KeyKind::kFile || kind == KeyKind::kKeyring; }

}  // namespace confide::vault
