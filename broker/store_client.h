// The client's side of the vault and of environments: opens what the verb names and passes it on, reads none of it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "broker/one_shot.h"
#include "broker/store_protocol.h"

namespace confide::broker {

struct StoreOrder {
  Operation operation;
  Folders folders;
  int environ_fd = -1;
  UniqueFd input = {};                       // env file, template, value
  int output = -1;                           // stays the caller's
  std::vector<std::string> references = {};  // that fd:N and stdin: may stand in: their descriptors are passed
};

// Errors: what the broker refused; kRefused where a signal ended it at a prompt.
Result<StoreReply> ask_store(StoreOrder order);

}  // namespace confide::broker
