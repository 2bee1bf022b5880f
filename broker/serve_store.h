// The broker's answers about the vault and environments.
#pragma once

#include <vector>

#include "base/unique_fd.h"
#include "broker/spawner.h"
#include "broker/store_protocol.h"

namespace confide::broker {

// `fds` are the message's descriptors. Errors are for the client.
Result<StoreReply> serve_store(const StoreRequest& request, std::vector<UniqueFd>& fds, const Spawner& spawner);

}  // namespace confide::broker
