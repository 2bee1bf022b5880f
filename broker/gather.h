// From a request to the secrets of one run: the shell, env files, environments, flags and templates read, references
// resolved, everything checked. Every failing name is reported at once; a value is in no message.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "broker/protocol.h"
#include "broker/provider_call.h"
#include "broker/spawner.h"
#include "broker/vault_access.h"
#include "secrets/delivery.h"

namespace confide::broker {

// A value that stands inside what is delivered, and is concealed in the output by itself too.
struct MaskedPart {
  std::string name;
  secrets::SecretBuffer value;
};

struct Gathered {
  std::vector<secrets::PreparedSecret> secrets;  // without values after kDescribe
  std::vector<supervisor::SlotText> slots;       // of each, same order
  std::vector<MaskedPart> parts;
  std::vector<std::string> warnings;
  std::vector<Resident> residents;  // what was lent for this run; to be ended with it
};

// `fds` are the message's descriptors by Slot and index; the ones that are read are taken out of it.
// `spawner` starts the providers.
Result<Gathered> gather(const Request& request, std::vector<UniqueFd>& fds, VaultAccess& vault,
                        secrets::SecretArena& arena, const Spawner& spawner);

}  // namespace confide::broker
