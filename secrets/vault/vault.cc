#include "secrets/vault/vault.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace confide::vault {
namespace {

constexpr const char* kKeyFolder = "key";
constexpr const char* kStoreFolder = "store";
constexpr const char* kItemsFolder = "items";
constexpr const char* kKeyName = "master";
constexpr const char* kCountName = "count";
constexpr const char* kIndexName = "index";
constexpr size_t kFewFiles = 16;

Error refuse(std::string what) { return Error{ErrorKind::kRefused, 0, std::move(what)}; }

Error in_file(const Folder& folder, std::string_view name, const Error& error) {
  if (error.kind == ErrorKind::kUnsupported) return error;
  return refuse(cat(printable(folder.path_of(name)), " ", to_text(error)));
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

int64_t now() {
  timespec time{};
  (void)::clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec;
}

bool folder_has(int folder, const char* path) {
  struct stat about {};
  return ::fstatat(folder, path, &about, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<KeyFile> read_key_file(const Folder& keys) {
  const auto bytes = TRY(keys.read_private(kKeyName, kMaxKeyFileBytes));
  if (!bytes)
    return refuse(cat(printable(keys.path_of(kKeyName)),
                      " is missing; without it nothing in the vault can be read: restore it from a backup"));
  auto file = decode_key_file(*bytes);
  if (!file) return in_file(keys, kKeyName, file.error());
  return file;
}

}  // namespace

Result<bool> Vault::exists(int folder, std::string_view where) {
  const bool key = folder_has(folder, cat(kKeyFolder, "/", kKeyName).c_str());
  if (!key && folder_has(folder, cat(kStoreFolder, "/", kIndexName).c_str())) {
    return refuse(cat(printable(where), "/", kKeyFolder, "/", kKeyName,
                      " is missing, but there is a store; restore the key from a backup, or move the store away"));
  }
  return key;
}

Result<KeyKind> Vault::key_kind(int folder, std::string_view where) {
  const Folder keys = TRY(Folder::open(folder, kKeyFolder, where, IfAbsent::kError));
  return TRY(read_key_file(keys)).kind;
}

Result<Vault> Vault::open_folders(int folder, std::string_view where, IfAbsent if_absent) {
  Folder base = TRY(Folder::open(folder, ".", where, IfAbsent::kError));
  Folder keys = TRY(Folder::open(folder, kKeyFolder, where, if_absent));
  Folder store = TRY(Folder::open(folder, kStoreFolder, where, if_absent));
  Folder items = TRY(Folder::open(store.fd(), kItemsFolder, store.where(), if_absent));
  return Vault(std::move(base), std::move(keys), std::move(store), std::move(items), KeyFile());
}

Result<FolderLock> Vault::lock(FolderLock::Kind kind) const {
  return FolderLock::take(base_.fd(), base_.where(), kind);
}

Status Vault::derive_keys(const SecretBuffer& master) {
  index_key_ = TRY(derive(master, Purpose::kIndex));
  items_key_ = TRY(derive(master, Purpose::kItems));
  count_key_ = TRY(derive(master, Purpose::kCount));
  return {};
}

Result<Vault> Vault::create(int folder, std::string_view where, KeyKind kind, const KeyHelpers& helpers) {
  TRY(start_crypto());
  // Asked before anything is made or locked: a person may take their time, or give up.
  MadeKey made = TRY(make_key(kind, random_bytes(kIdBytes), {}, helpers));
  Vault vault = TRY(open_folders(folder, where, IfAbsent::kCreate));
  const FolderLock held = TRY(vault.lock(FolderLock::Kind::kExclusive));
  if (TRY(exists(folder, where))) return refuse(cat("there is a vault already: ", printable(where)));
  TRY(vault.put_key(std::move(made.file), made.master));
  vault.master_ = std::move(made.master);
  TRY(vault.derive_keys(vault.master_));
  TRY(vault.write(Index{.count = 1, .entries = {}}));
  return vault;
}

Result<Vault> Vault::open(int folder, std::string_view where, const KeyHelpers& helpers, Freshness freshness) {
  TRY(start_crypto());
  Vault vault = TRY(open_folders(folder, where, IfAbsent::kError));
  vault.key_file_ = TRY(read_key_file(vault.keys_));
  auto master = unlock(vault.key_file_, helpers);
  if (!master) return with_context(printable(vault.keys_.path_of(kKeyName)), master.error());
  vault.master_ = std::move(*master);
  TRY(vault.derive_keys(vault.master_));
  const FolderLock held = TRY(vault.lock(FolderLock::Kind::kShared));
  TRY(vault.load(freshness));
  return vault;
}

Result<std::optional<CountFile>> Vault::load_count() const {
  const auto bytes = TRY(keys_.read(kCountName, 4096));
  if (!bytes) return std::optional<CountFile>();
  auto count = decode_count_file(*bytes);
  if (!count) return in_file(keys_, kCountName, count.error());
  if (count->vault != key_file_.vault) return refuse(cat(printable(keys_.path_of(kCountName)), " is another vault's"));
  if (!same_bytes(mac(count_key_, checked_part(*count)), count->check))
    return refuse(cat(printable(keys_.path_of(kCountName)), " is damaged"));
  return std::optional(std::move(*count));
}

Status Vault::load(Freshness freshness) {
  const auto remember = [&](Index index) {
    index_ = std::move(index);
    return Status();
  };
  // With any store accepted, a missing or damaged count is as good as none.
  std::optional<CountFile> count;
  if (auto loaded = load_count()) {
    count = std::move(*loaded);
  } else if (freshness == Freshness::kRequired) {
    return loaded.error();
  }
  const auto bytes = TRY(store_.read(kIndexName, kMaxIndexBytes));
  const std::string path = printable(store_.path_of(kIndexName));
  if (!bytes) {
    // The key is written before the first index: a vault whose making was cut short is an empty one.
    if (!count && TRY(items_.list()).empty()) return remember(Index{});
    return refuse(cat(path, " is missing; restore the folder ", printable(store_.where()), " from a backup"));
  }
  auto file = decode_index_file(*bytes);
  if (!file) return in_file(store_, kIndexName, file.error());
  if (file->vault != key_file_.vault) return refuse(cat(path, " belongs to another vault"));
  std::string plain(file->sealed.size() - kSealBytes, '\0');
  if (!unseal(index_key_, bound_part(*file), file->sealed, std::as_writable_bytes(std::span(plain))))
    return refuse(cat(path, " is damaged; restore it from a backup"));
  auto index = decode_entries(file->count, plain);
  if (!index) return in_file(store_, kIndexName, index.error());
  if (freshness == Freshness::kAnyStore) {
    // The next count is above every one that was ever written.
    if (count) index->count = std::max(index->count, count->count);
    return remember(std::move(*index));
  }
  constexpr std::string_view kCure = "; if you restored a backup: confide vault accept-restore";
  // A first index is followed by its count; until then the making was cut short.
  if (!count && file->count > 1)
    return refuse(cat(printable(keys_.path_of(kCountName)), " is missing, so nobody can say whether ", path,
                      " is the newest", kCure));
  if (count && file->count < count->count)
    return refuse(
        cat(path, " is older than the one that was written last (", file->count, " < ", count->count, ")", kCure));
  if (count && file->count == count->count && !same_bytes(digest(*bytes), count->index_digest))
    return refuse(cat(path, " is not the one that was written last", kCure));
  return remember(std::move(*index));
}

Status Vault::write(Index next) {
  SealedIndex file{.vault = key_file_.vault, .count = next.count, .sealed = {}};
  file.sealed = seal(index_key_, bound_part(file), bytes_of(encode_entries(next)));
  const std::string bytes = encode(file);
  if (bytes.size() > kMaxIndexBytes) return refuse("the vault holds more than its index can list");
  TRY(store_.replace(kIndexName, bytes_of(bytes)));
  // From here on the new state is the vault's. The count follows; without it (a power cut) the index is ahead of it,
  // which is no error.
  index_ = std::move(next);
  CountFile count{.vault = key_file_.vault, .count = index_.count, .index_digest = digest(bytes), .check = {}};
  count.check = mac(count_key_, checked_part(count));
  return keys_.replace(kCountName, bytes_of(encode(count)));
}

Result<const Version*> Vault::find(std::string_view name, std::optional<uint64_t> version) const {
  const auto entry = index_.entries.find(name);
  if (entry == index_.entries.end()) return refuse(cat("the vault has no secret ", printable(name)));
  const auto& versions = entry->second.versions;
  if (!version) return &versions.back();
  const auto found = std::ranges::find(versions, *version, &Version::number);
  if (found == versions.end())
    return refuse(cat("the vault has no version ", *version, " of ", name, "; the newest is ", versions.back().number));
  return &*found;
}

Result<SecretBuffer> Vault::read_item(std::string_view name, const Version& version,
                                      secrets::SecretArena& arena) const {
  const std::string file_name = hex(version.item);
  const auto bytes = TRY(items_.read(file_name, kMaxItemFileBytes));
  const std::string path = printable(items_.path_of(file_name));
  if (!bytes) return refuse(cat(path, " (", name, ") is missing; restore it from a backup"));
  const auto file = decode_item_file(*bytes);
  if (!file) return in_file(items_, file_name, file.error());
  if (file->vault != key_file_.vault || file->item != version.item)
    return refuse(cat(path, " (", name, ") is another secret's file"));
  if (file->sealed.size() != version.size + kSealBytes) return refuse(cat(path, " (", name, ") is cut off or damaged"));
  SecretBuffer value = TRY(arena.create(version.size));
  const bool opened = value.fill([&](std::span<std::byte> to) {
    return unseal(items_key_, bound_part(*file, name, version.number), file->sealed, to);
  });
  if (!opened) return refuse(cat(path, " (", name, ") is damaged; restore it from a backup"));
  return value;
}

Result<SecretBuffer> Vault::get(std::string_view name, std::optional<uint64_t> version, secrets::SecretArena& arena) {
  const auto read = [&]() -> Result<SecretBuffer> { return read_item(name, *TRY(find(name, version)), arena); };
  auto value = read();
  if (value) return value;
  // Another writer may have been here since the index was read.
  const uint64_t before = index_.count;
  const FolderLock held = TRY(lock(FolderLock::Kind::kShared));
  TRY(load(Freshness::kRequired));
  if (index_.count == before) return value;
  return read();
}

Result<Version> Vault::write_item(const NewVersion& secret, uint64_t number, Sync sync) {
  SealedItem file{.vault = key_file_.vault, .item = random_bytes(kIdBytes), .sealed = {}};
  file.sealed = secret.value->reveal(
      [&](std::span<const std::byte> plain) { return seal(items_key_, bound_part(file, secret.name, number), plain); });
  TRY(items_.create(hex(file.item), bytes_of(encode(file)), sync));
  return Version{.number = number, .item = file.item, .created = now(), .size = secret.value->size()};
}

Result<std::vector<uint64_t>> Vault::put(std::span<const NewVersion> secrets) {
  for (const NewVersion& secret : secrets) {
    TRY(check_name(secret.name));
    if (secret.value->size() > secrets::kMaxSecretBytes)
      return refuse(cat(secret.name, " is larger than the limit of ", secrets::kMaxSecretBytes, " bytes"));
  }
  const FolderLock held = TRY(lock(FolderLock::Kind::kExclusive));
  TRY(load(Freshness::kRequired));
  // A vault whose making was cut short gets its index first: files without one would look like a loss.
  if (index_.count == 0) TRY(write(Index{.count = 1, .entries = {}}));
  Index next = index_;
  ++next.count;
  // One fsync a file, or for many one of the whole file system.
  const Sync sync = secrets.size() <= kFewFiles ? Sync::kNow : Sync::kLater;
  std::vector<uint64_t> numbers;
  std::vector<std::string> made;
  Status written;
  for (const NewVersion& secret : secrets) {
    Entry& entry = next.entries[secret.name];
    const uint64_t number = entry.versions.empty() ? 1 : entry.versions.back().number + 1;
    auto version = write_item(secret, number, sync);
    if (!version) {
      written = version.error();
      break;
    }
    made.push_back(hex(version->item));
    entry.versions.push_back(std::move(*version));
    entry.expires = secret.expires;
    entry.generated = secret.generated;
    numbers.push_back(number);
  }
  if (written) written = sync == Sync::kNow ? items_.sync() : items_.sync_everything();
  if (written) written = write(std::move(next));
  if (written) return numbers;
  forget_unused(made);
  return written.error();
}

// After a failed write: which index is in force decides whether the new files are needed. Where that cannot be said
// they stay, for `collect`.
void Vault::forget_unused(const std::vector<std::string>& made) {
  if (!load(Freshness::kAnyStore)) return;
  std::set<std::string> needed;
  for (const auto& [name, entry] : index_.entries)
    for (const Version& version : entry.versions) needed.insert(hex(version.item));
  for (const std::string& item : made)
    if (!needed.contains(item)) (void)items_.remove(item);
}

Status Vault::remove(std::string_view name) {
  const FolderLock held = TRY(lock(FolderLock::Kind::kExclusive));
  TRY(load(Freshness::kRequired));
  TRY(find(name, {}));
  Index next = index_;
  ++next.count;
  const auto entry = next.entries.find(name);
  const std::vector<Version> gone = std::move(entry->second.versions);
  next.entries.erase(entry);
  TRY(write(std::move(next)));
  for (const Version& version : gone) TRY(items_.remove(hex(version.item)));
  return items_.sync();
}

Result<Collected> Vault::collect(size_t keep) {
  const FolderLock held = TRY(lock(FolderLock::Kind::kExclusive));
  TRY(load(Freshness::kRequired));
  Index next = index_;
  ++next.count;
  Collected collected;
  std::set<std::string> needed;
  for (auto& [name, entry] : next.entries) {
    if (entry.versions.size() > std::max<size_t>(keep, 1)) {
      const size_t gone = entry.versions.size() - std::max<size_t>(keep, 1);
      entry.versions.erase(entry.versions.begin(), entry.versions.begin() + static_cast<ptrdiff_t>(gone));
      collected.versions += gone;
    }
    for (const Version& version : entry.versions) needed.insert(hex(version.item));
  }
  if (collected.versions != 0) TRY(write(std::move(next)));
  size_t removed = 0;
  for (const std::string& name : TRY(items_.list())) {
    if (needed.contains(name)) continue;
    TRY(items_.remove(name));
    ++removed;
  }
  collected.files = removed - std::min(removed, collected.versions);
  TRY(items_.sync());
  return collected;
}

Status Vault::accept_restore() {
  const FolderLock held = TRY(lock(FolderLock::Kind::kExclusive));
  TRY(load(Freshness::kAnyStore));
  Index next = index_;
  ++next.count;
  return write(std::move(next));
}

Status Vault::change_key(KeyKind kind, const KeyHelpers& helpers) {
  SecretBuffer same =
      TRY(master_.reveal([](std::span<const std::byte> bytes) { return SecretBuffer::copy_from(bytes); }));
  MadeKey made = TRY(make_key(kind, key_file_.vault, std::move(same), helpers));
  const FolderLock held = TRY(lock(FolderLock::Kind::kExclusive));
  return put_key(std::move(made.file), made.master);
}

// The keyring holds the key only while the file that stands says so, whatever fails in between.
Status Vault::put_key(KeyFile next, const SecretBuffer& master) {
  const SecretBuffer bytes = TRY(encode(next));
  TRY(remember(next, master));
  const Status replaced = bytes.reveal([&](std::span<const std::byte> all) { return keys_.replace(kKeyName, all); });
  if (!replaced) {
    if (key_file_.kind != KeyKind::kKeyring) (void)forget(next);
    return replaced;
  }
  key_file_ = std::move(next);
  return key_file_.kind == KeyKind::kKeyring ? Status() : forget(key_file_);
}

}  // namespace confide::vault
