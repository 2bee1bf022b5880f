// The account's list of allowed projects.
//
// One file a project, HOME/.local/state/confide/allowed/SHA-256-OF-THE-PATH, mode 0600, two lines: the project's path
// and the digest of its confide.toml. It is believed only if it, its folder and the folder above belong to the reader's
// uid (or root) and nobody else may write them; anything else is an error and not a missing entry, because somebody is
// at work.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace confide::trust {

class Store {
 public:
  // `home` is the account's, from /etc/passwd.
  explicit Store(const std::string& home) : state_(home + "/.local/state/confide") {}

  // The digest that is allowed for the project at a real path; nothing if none is.
  Result<std::optional<std::string>> allowed_digest(std::string_view project) const;
  // Replaces what was allowed. The folders are made where they are missing, 0700.
  Status allow(std::string_view project, std::string_view digest) const;
  // Whether there was an entry.
  Result<bool> deny(std::string_view project) const;

 private:
  std::string state_;
};

}  // namespace confide::trust
