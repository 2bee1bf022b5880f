// A person's environments: names and references, a TOML file each in environments/ of confide's configuration folder,
// and those of config.toml beside it. Nothing here is a secret; files are replaced atomically.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/document.h"

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
  // Makes it, or takes the place of the one with its name. One of config.toml is not written over.
  Status save(const Environment& environment) const;
  Status remove(std::string_view name) const;

 private:
  int folder_;
  std::string where_;
};

// Letters, digits, "_", "." and "-". Error: kRefused.
Status check_environment_name(std::string_view name);
// Whether it can be kept: its name, and variables that can be read back.
Status check_environment(const Environment& environment);
// The file's text. Reading it gives the same variables.
std::string to_toml(const Environment& environment);

}  // namespace confide::broker
