#include <sys/socket.h>
#include <sys/uio.h>

#include "base/syscalls.h"
#include "launcher/child/control.h"
#include "launcher/child/operations.h"

namespace confide::child {

void report(int control_fd, uint32_t kind, uint32_t step, int value, uint32_t op, int fd_to_send) {
  Report message{static_cast<ReportKind>(kind), step, value, op};
  iovec part{&message, sizeof message};
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fd_to_send >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(rights)) = fd_to_send;
  }
  // A supervisor that is gone needs no report: die_with_parent ends this process.
  (void)raw::call(SYS_sendmsg, control_fd, &header, MSG_NOSIGNAL);
}

}  // namespace confide::child
