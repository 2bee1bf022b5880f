// What the child carries from one operation to the next.
#pragma once

#include <cstddef>
#include <cstdint>

#include "launcher/child/delivery_block.h"
#include "launcher/child/frozen_plan.h"

namespace confide::child {

struct ChildState {
  const FrozenPlan& plan;
  int control_fd = -1;
  int namespace_fd = -1;       // this mount namespace, until the supervisor has it
  int terminal_fd = -1;        // the pty's slave
  uint32_t terminal_mask = 0;  // which of 0, 1, 2 it becomes
  int block_fd = -1;           // the delivery block
  uint64_t block_size = 0;
  int delivered_fds[kMaxDeliveries] = {};
  size_t delivered_count = 0;
  uint32_t callers_umask = 0;  // what is made for the sandbox has the plan's modes; the command gets this back
};

}  // namespace confide::child
