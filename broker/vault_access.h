// The embedded vault as the broker uses it: found by the folder that the client opened, unlocked when it is first
// needed, made at first use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/handed.h"
#include "broker/spawner.h"
#include "policy/reference.h"
#include "secrets/vault/vault.h"

namespace confide::broker {

class VaultAccess {
 public:
  // `folder` and `terminal` may be closed (-1): there is no vault, nobody can be asked. `spawner` starts systemd-creds
  // where that keeps the key; null: it cannot be asked. It and `arena` must outlive this.
  VaultAccess(int folder, int terminal, secrets::SecretArena& arena, const Spawner* spawner = nullptr)
      : folder_(folder), terminal_(terminal), arena_(arena), spawner_(spawner) {}

  // Unlocked once, whatever it is asked for. Errors: kRefused.
  Result<vault::Vault*> open(vault::Freshness freshness = vault::Freshness::kRequired);
  // Makes one where there is none: with a passphrase where a person can be asked, else with a file.
  Result<vault::Vault*> open_or_make();
  Result<vault::Vault*> make(std::optional<vault::KeyKind> kind);
  Status change_key(vault::KeyKind kind);
  // A person types the passphrase now, if the kind of key has one and this run has not asked for it already.
  Status confirm_person();

  Result<secrets::SecretBuffer> resolve(const policy::StoredSecret& secret);

  bool there_is_one() const;
  const std::string& where();
  // What a person should know, each once: expired secrets, a vault that was made, its level.
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  vault::KeyHelpers helpers();
  void note_level(vault::KeyKind kind);

  int folder_;
  int terminal_;
  secrets::SecretArena& arena_;
  const Spawner* spawner_;
  std::string where_;
  std::optional<vault::Vault> vault_;
  bool asked_ = false;
  std::vector<std::string> notes_;
};

}  // namespace confide::broker
