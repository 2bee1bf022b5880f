// From a request to the secrets of one run: flags and env files read, references resolved, everything checked. Every
// failing name is reported at once; a value is in no message.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "broker/protocol.h"
#include "broker/provider_call.h"
#include "broker/spawner.h"
#include "secrets/delivery.h"

namespace confide::broker {

struct Gathered {
  std::vector<secrets::PreparedSecret> secrets;  // without values after kDescribe
  std::vector<supervisor::SlotText> slots;       // of each, same order
  std::vector<std::string> warnings;
  std::vector<Resident> residents;  // what was lent for this run; to be ended with it
};

// `spawner` starts the providers. `fds` are the message's descriptors by Slot and index; the ones that are read are
// taken out of it.
Result<Gathered> gather(const Request& request, std::vector<UniqueFd>& fds, secrets::SecretArena& arena,
                        const Spawner& spawner);

}  // namespace confide::broker
