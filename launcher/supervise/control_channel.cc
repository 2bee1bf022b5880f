#include "launcher/supervise/control_channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "base/fd_message.h"
#include "base/sys.h"

namespace confide::launcher {

using child::Order;

std::optional<Heard> hear_child(int socket) {
  Heard heard;
  iovec part{&heard.report, sizeof heard.report};
  alignas(cmsghdr) unsigned char space[CMSG_SPACE(sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = space;
  header.msg_controllen = sizeof space;
  const ssize_t n = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  heard.ended = n != static_cast<ssize_t>(sizeof heard.report);
  if (heard.ended) return heard;
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&header); rights != nullptr && rights->cmsg_type == SCM_RIGHTS)
    heard.passed.reset(*reinterpret_cast<const int*>(CMSG_DATA(rights)));
  return heard;
}

void tell_child(int socket, child::OrderKind kind, int value) {
  const Order order{kind, value};
  (void)::send(socket, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Status hand_to_child(int socket, std::span<const UniqueFd> secrets) {
  std::vector<int> numbers;
  for (const UniqueFd& fd : secrets) numbers.push_back(fd.get());
  const Order order{child::OrderKind::kSecrets, 0};
  return sys::send_message(socket, {reinterpret_cast<const char*>(&order), sizeof order}, numbers);
}

}  // namespace confide::launcher
