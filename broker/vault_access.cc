#include "broker/vault_access.h"

#include <time.h>

#include "base/text.h"
#include "broker/prompt.h"
#include "broker/vault_key.h"

namespace confide::broker {

using secrets::SecretBuffer;
using vault::KeyKind;
using vault::Vault;

const std::string& VaultAccess::where() {
  if (where_.empty()) where_ = path_of_descriptor(folder_);
  return where_;
}

bool VaultAccess::there_is_one() const {
  if (!is_folder(folder_)) return false;
  const auto found = Vault::exists(folder_, "");
  return !found || *found;  // half a vault is one: opening it says what is wrong
}

vault::KeyHelpers VaultAccess::helpers() {
  vault::KeyHelpers helpers;
  if (terminal_ >= 0) {
    helpers.passphrase = [this](vault::AskFor what) {
      asked_ = true;
      if (what == vault::AskFor::kNewPassphrase)
        return ask_twice(terminal_, cat("New passphrase for the vault ", printable(where()), ": "), arena_);
      return ask(terminal_, cat("Passphrase of the vault ", printable(where()), ": "), arena_);
    };
  }
  if (spawner_ != nullptr) {
    helpers.seal = [this](const SecretBuffer& key) { return seal_by_systemd(*spawner_, key, arena_); };
    helpers.unseal = [this](std::string_view credential) { return unseal_by_systemd(*spawner_, credential, arena_); };
  }
  return helpers;
}

void VaultAccess::note_level(KeyKind kind) {
  if (vault::is_level_0(kind))
    notes_.push_back(cat("the vault's key is of kind ", vault::name_of(kind),
                         ", which every process of yours can read (assurance level 0)"));
}

Result<Vault*> VaultAccess::open(vault::Freshness freshness) {
  if (vault_) return &*vault_;
  if (!is_folder(folder_) || !TRY(Vault::exists(folder_, where())))
    return Error{ErrorKind::kRefused, 0, "there is no vault yet; `confide secret set NAME` makes one"};
  vault_ = TRY(Vault::open(folder_, where(), helpers(), freshness));
  return &*vault_;
}

Result<Vault*> VaultAccess::open_or_make() {
  if (vault_ || TRY(Vault::exists(folder_, where()))) return open();
  return make({});
}

Result<Vault*> VaultAccess::make(std::optional<KeyKind> kind) {
  if (!is_folder(folder_)) return Error{ErrorKind::kInternal, 0, "no folder for the vault"};
  if (TRY(Vault::exists(folder_, where())))
    return Error{ErrorKind::kRefused, 0, cat("there is a vault already: ", printable(where()))};
  const KeyKind chosen = kind.value_or(terminal_ >= 0 ? KeyKind::kPassphrase : KeyKind::kFile);
  vault_ = TRY(Vault::create(folder_, where(), chosen, helpers()));
  notes_.push_back(cat("made the vault ", printable(where()), " with a key of kind ", vault::name_of(chosen)));
  note_level(chosen);
  return &*vault_;
}

Status VaultAccess::change_key(KeyKind kind) {
  Vault* vault = TRY(open());
  TRY(vault->change_key(kind, helpers()));
  note_level(kind);
  return {};
}

Status VaultAccess::confirm_person() {
  Vault* vault = TRY(open());
  note_level(vault->key_kind());
  if (asked_) return {};
  return vault->confirm_person(helpers());
}

Result<SecretBuffer> VaultAccess::resolve(const policy::StoredSecret& secret) {
  Vault* vault = TRY(open());
  const std::string name = secret.environment.empty() ? secret.name : cat(secret.environment, "/", secret.name);
  SecretBuffer value = TRY(vault->get(name, secret.version, arena_));
  const auto entry = vault->index().entries.find(name);
  const auto expires = entry == vault->index().entries.end() ? std::nullopt : entry->second.expires;
  if (expires && *expires <= ::time(nullptr))
    notes_.push_back(cat(name, " has expired; renew it: confide secret rotate ", name));
  return value;
}

}  // namespace confide::broker
