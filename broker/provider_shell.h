// What a provider gets of the person's shell: the variables that its row names, and the paths that follow from them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "secrets/delivery.h"
#include "secrets/environ.h"
#include "secrets/providers/arguments.h"
#include "secrets/providers/provider.h"
#include "supervisor/protocol.h"

namespace confide::broker {

class ProviderShell {
 public:
  ProviderShell(const secrets::Environ& shell, secrets::SecretArena& arena) : environ_(shell), arena_(arena) {}

  // Of a variable that holds no secret.
  std::optional<std::string> plain(std::string_view name) const;
  // The usual variables and the row's, credentials among them.
  Result<std::vector<secrets::PreparedSecret>> variables(const secrets::Provider& row) const;
  // Whether one of the row's credentials is set.
  bool has_credential(const secrets::Provider& row) const;
  // The first file of the row's `search` that can be read (and executed, where it is the program).
  std::optional<std::string> search(const secrets::Provider& row, const policy::Reference& reference) const;
  // The order without arguments.
  Result<supervisor::ProviderOrder> order(const secrets::Provider& row, const policy::Reference& reference,
                                          const std::string& found) const;

 private:
  Result<std::vector<std::string>> paths(std::span<const std::string_view> rows, const policy::Reference& reference,
                                         const std::string& found) const;
  const secrets::Environ& environ_;
  secrets::SecretArena& arena_;
};

// The row that resolves the reference, and the file that its search found.
struct ChosenRow {
  const secrets::Provider* row = nullptr;
  std::string found;
  bool usable = true;  // false: nothing was found, and the row says what that means
};
ChosenRow choose_row(const policy::Reference& reference, const ProviderShell& shell);

}  // namespace confide::broker
