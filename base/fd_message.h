// Messages over a SOCK_SEQPACKET socket, with descriptors beside them (unix(7), SCM_RIGHTS).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace confide::sys {

inline constexpr size_t kMaxMessageFds = 250;  // the kernel's SCM_MAX_FD is 253

// One message; blocks until it is taken into the socket's buffer. EPIPE is an error, never a signal.
Status send_message(int socket, std::string_view bytes, std::span<const int> fds = {});

struct Message {
  std::string bytes;          // empty, without descriptors: the other end is closed
  std::vector<UniqueFd> fds;  // close-on-exec
};
// The next message; longer than `limit` or with more than `max_fds` descriptors is an error (kRefused).
Result<Message> receive_message(int socket, size_t limit, size_t max_fds = 0);

}  // namespace confide::sys
