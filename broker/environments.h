// A person's environments: names and references, a TOML file each in environments/ of confide's configuration folder,
// and those of config.toml beside it. Nothing here is a secret; files are replaced atomically.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/document.h"
#include "secrets/vault/store_files.h"

namespace confide::broker {

struct Environment {
  std::string name;
  std::string file;  // where it stands, for a person
  enum class Kept : uint8_t { kOwnFile, kConfiguration } kept = Kept::kOwnFile;
  std::vector<policy::Variable> variables;
};

class Environments {
 public:
  // `folder` is confide's configuration folder; -1: there is none.
  explicit Environments(int folder);

  // Errors: kRefused, with what is wrong in which file.
  Result<std::vector<Environment>> all() const;
  // Error where there is none, with the nearest name.
  Result<Environment> find(std::string_view name) const;
  Result<bool> has(std::string_view name) const;

  // Held from the reading of what is to be changed until it is saved: of two changes at once none is lost. Makes the
  // folder. Errors: kRefused (held by another for too long), kSystem.
  class Lock;
  Result<Lock> lock() const;
  // Makes it, or takes the place of the one with its name. One of config.toml is not written over.
  Status save(const Lock& held, const Environment& environment) const;
  Status remove(const Lock& held, std::string_view name) const;

 private:
  int folder_;
  std::string where_;
};

class Environments::Lock {
 private:
  friend class Environments;
  Lock(vault::Folder folder, vault::FolderLock held) : folder_(std::move(folder)), held_(std::move(held)) {}
  vault::Folder folder_;
  vault::FolderLock held_;
};

// Letters, digits, "_", "." and "-". Error: kRefused.
Status check_environment_name(std::string_view name);
// Whether it can be kept: its name, and variables that can be read back.
Status check_environment(const Environment& environment);
// The file's text. Reading it gives the same variables.
std::string to_toml(const Environment& environment);

}  // namespace confide::broker
