// The supervisor's end of the socket to the child (child/control.h).
#pragma once

#include <optional>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/child/control.h"

namespace confide::launcher {

struct Heard {
  child::Report report{};
  UniqueFd passed;     // what came along, or nothing
  bool ended = false;  // the child is gone, and there is no report
};
// One report; nothing where none is there yet. Does not wait. `socket` stays the caller's, here and below.
std::optional<Heard> hear_child(int socket);

// A child that is gone hears nothing, and its end is noticed elsewhere.
void tell_child(int socket, child::OrderKind kind, int value);

// The delivery block and its descriptors. Errors: kSystem.
Status hand_to_child(int socket, std::span<const UniqueFd> secrets);

}  // namespace confide::launcher
