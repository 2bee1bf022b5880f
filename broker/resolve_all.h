// References to values, each resolved once however often it is named.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "broker/protocol.h"
#include "broker/provider_call.h"
#include "broker/spawner.h"
#include "broker/vault_access.h"
#include "secrets/environ.h"
#include "secrets/secret_buffer.h"

namespace confide::broker {

// Where values may come from in one request.
struct Sources {
  const std::vector<PassedDescriptor>& descriptors;
  std::vector<UniqueFd>& fds;  // the message's; those that are read are taken out
  secrets::SecretArena& arena;
  VaultAccess& vault;
  const secrets::Environ& environ;  // for env: and for providers
  const Spawner& spawner;           // starts providers
};

struct ResolvedAll {
  std::vector<Result<secrets::SecretBuffer>> values;
  std::vector<Resident> residents;  // to be given to end_residents when the values are no longer needed
};
// One value for each reference, in order; those of outside stores are asked for all at once.
ResolvedAll resolve_all(std::span<const policy::Reference> references, const Sources& sources);

// The same where all are needed, once: what was lent is given back before it returns. The error (kRefused) names every
// one that failed.
Result<std::vector<secrets::SecretBuffer>> resolve_every(std::span<const policy::Reference> references,
                                                         const Sources& sources);

// kRefused: one failure as it is, more with their number and what they are: "2 secrets cannot be had: …; …".
Error refuse_all(const std::vector<std::string>& failures, std::string_view more,
                 const std::vector<std::string>& quoted);

}  // namespace confide::broker
