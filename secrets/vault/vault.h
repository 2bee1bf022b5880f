// The embedded store: sealed values under names, their versions, and a count that notices an older store. The format
// and what each check protects against: docs/vault.md.
//
//   Vault vault = TRY(Vault::open(folder, "/home/me/.local/share/confide/vault", helpers));
//   const SecretBuffer value = TRY(vault.get("staging/API_KEY", {}, arena));
//
// Errors are of kind kRefused and name the file or the secret; a vault with a damaged file says so and changes nothing.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/vault/format.h"
#include "secrets/vault/master_key.h"
#include "secrets/vault/store_files.h"

namespace confide::vault {

// Whether an index that is older than the one that was written last is an error.
enum class Freshness : uint8_t { kRequired, kAnyStore };

struct NewVersion {
  std::string name;
  const SecretBuffer* value = nullptr;
  std::optional<int64_t> expires;  // seconds since 1970
  std::string generated;           // the kind that made it, or empty
};

struct Collected {
  size_t versions = 0;  // older ones that were let go
  size_t files = 0;     // left behind by a write that did not finish
};

class Vault {
 public:
  // Whether there is a vault in the folder (a key; the rest may be damaged).
  static Result<bool> exists(int folder, std::string_view where);
  // The kind of key, without using it.
  static Result<KeyKind> key_kind(int folder, std::string_view where);
  // Makes an empty one. Error: there is one already.
  static Result<Vault> create(int folder, std::string_view where, KeyKind kind, const KeyHelpers& helpers);
  // `folder` is the vault's, and need not outlive it.
  static Result<Vault> open(int folder, std::string_view where, const KeyHelpers& helpers,
                            Freshness freshness = Freshness::kRequired);

  // The newest version, or that one.
  Result<SecretBuffer> get(std::string_view name, std::optional<uint64_t> version, secrets::SecretArena& arena);
  // All or none. Each becomes the newest version of its name; their numbers, in order.
  Result<std::vector<uint64_t>> put(std::span<const NewVersion> secrets);
  // With all versions.
  Status remove(std::string_view name);
  // Lets go of all but the newest `keep` (at least 1) versions, and of what unfinished writes left.
  Result<Collected> collect(size_t keep);
  // Declares the store as it is the newest one.
  Status accept_restore();
  // The same master key, had in another way.
  Status change_key(KeyKind kind, const KeyHelpers& helpers);
  // Asks for the passphrase where the kind of key has one.
  Status confirm_person(const KeyHelpers& helpers) const { return confirm(key_file_, helpers); }

  const Index& index() const { return index_; }
  KeyKind key_kind() const { return key_file_.kind; }
  std::string id() const { return hex(key_file_.vault); }

 private:
  Vault(Folder base, Folder keys, Folder store, Folder items, KeyFile key_file)
      : base_(std::move(base)),
        keys_(std::move(keys)),
        store_(std::move(store)),
        items_(std::move(items)),
        key_file_(std::move(key_file)) {}
  static Result<Vault> open_folders(int folder, std::string_view where, IfAbsent if_absent);
  Status derive_keys(const SecretBuffer& master);
  Status load(Freshness freshness);
  Result<std::optional<CountFile>> load_count() const;
  Status write(Index next);
  Status put_key(KeyFile next, const SecretBuffer& master);
  Result<Version> write_item(const NewVersion& secret, uint64_t number, Sync sync);
  void forget_unused(const std::vector<std::string>& made);
  Result<SecretBuffer> read_item(std::string_view name, const Version& version, secrets::SecretArena& arena) const;
  Result<const Version*> find(std::string_view name, std::optional<uint64_t> version) const;
  Result<FolderLock> lock(FolderLock::Kind kind) const;

  Folder base_;
  Folder keys_;
  Folder store_;
  Folder items_;
  KeyFile key_file_;
  SecretBuffer index_key_;
  SecretBuffer items_key_;
  SecretBuffer count_key_;
  SecretBuffer master_;
  Index index_;
};

}  // namespace confide::vault
