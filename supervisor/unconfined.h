// A program that must not be held by a sandbox because it needs sockets of the person's: started directly, with no
// variable but those that were delivered.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "supervisor/protocol.h"

namespace confide::supervisor {

// `delivery`: the block and its descriptors (launcher/child/delivery_block.h). Stays until the program has ended, or
// until its time, kBrokerFd or kCallerFd ends, which kills its session.
Result<EndedMessage> run_unconfined(const std::string& file, const ProviderOrder& order,
                                    std::span<const UniqueFd> delivery);

}  // namespace confide::supervisor
