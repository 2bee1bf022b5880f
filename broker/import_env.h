// `env import`: the plain values of an environment file go into the vault, references take their place. The values do
// not leave the broker.
#pragma once

#include <string>
#include <vector>

#include "broker/environments.h"
#include "broker/store_protocol.h"
#include "broker/vault_access.h"
#include "secrets/environ.h"

namespace confide::broker {

struct ImportInto {
  VaultAccess& vault;
  const Environments& environments;
  const secrets::Environ& environ;  // for variables inside the file
  secrets::SecretArena& arena;
  int beside = -1;  // folder of the file, for a rewrite
};

// First the vault, then the environment, then the file: whatever ends it early leaves every value somewhere. Adds to
// `notes` what a person should know. Errors: kRefused.
Result<Imported> import_environment(const ImportEnvironment& order, UniqueFd file, const ImportInto& into,
                                    std::vector<std::string>& notes);

}  // namespace confide::broker
