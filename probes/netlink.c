// What netlink tells of the network and its sockets.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probes/probe.h"

// Sends one dump request and gives every answer to `visit` until it returns true (found). 1 found, 0 not, -1 with
// errno.
static int dump(int protocol, void* request, size_t size, bool (*visit)(const struct nlmsghdr*, void*), void* data) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -1;
  const struct timeval limit = {.tv_sec = 2};
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  int result = send(fd, request, size, 0) == (ssize_t)size ? 0 : -1;
  static char buffer[1 << 15] __attribute__((aligned(8)));
  for (bool more = true; result == 0 && more;) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got < 0) {
      result = -1;
      break;
    }
    unsigned left = (unsigned)got;
    more = got > 0;
    for (const struct nlmsghdr* at = (const void*)buffer; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type == NLMSG_ERROR) {
        errno = -((const struct nlmsgerr*)NLMSG_DATA(at))->error;
        result = errno != 0 ? -1 : 0;
      } else if (at->nlmsg_type != NLMSG_DONE && visit(at, data)) {
        result = 1;
      }
      more = more && at->nlmsg_type != NLMSG_DONE && result == 0;
    }
  }
  const int error = errno;
  close(fd);
  errno = error;
  return result;
}

static bool beyond_loopback(const struct nlmsghdr* message, void* data) {
  const struct ifinfomsg* link = NLMSG_DATA(message);
  ++*(size_t*)data;
  return (link->ifi_flags & IFF_LOOPBACK) == 0;
}

static Verdict links(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  struct {
    struct nlmsghdr header;
    struct ifinfomsg body;
  } request = {
      .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
  size_t seen = 0;
  const int result = dump(NETLINK_ROUTE, &request, sizeof request, beyond_loopback, &seen);
  if (result < 0) return of_result(-1, "netlink route");
  if (result == 0) return absent("OTHER", "%zu links, none but the loopback", seen);
  return succeeded("a link of outside is in view");
}

static bool has_port(const struct nlmsghdr* message, void* data) {
  const struct inet_diag_msg* found = NLMSG_DATA(message);
  return found->id.idiag_sport == *(const uint16_t*)data;
}

static Verdict listeners(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long port = 0;
  if (!word_number(arguments, 0, &port)) return untried("PORT must be a number");
  struct {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
  } request = {.header = {.nlmsg_len = sizeof request,
                          .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
               .body = {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = UINT32_MAX}};
  uint16_t wanted = htons((uint16_t)port);
  const int result = dump(NETLINK_SOCK_DIAG, &request, sizeof request, has_port, &wanted);
  if (result < 0) return of_result(-1, "netlink sock_diag");
  if (result == 0) return absent("OTHER", "no socket of outside is in view");
  return succeeded("the socket on port %lu is in view", port);
}

static Verdict open_family(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return of_result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int)probe->number), probe->name);
}

static const Probe kProbes[] = {
    {"netlink-links", "", "list the network's links", links, ""},
    {"netlink-diag", "PORT", "list the network's sockets", listeners, ""},
    {"netlink-audit", "", "talk to the audit subsystem", open_family, "", NETLINK_AUDIT},
    {"netlink-uevent", "", "listen to device events", open_family, "", NETLINK_KOBJECT_UEVENT},
    {"netlink-netfilter", "", "talk to the packet filter", open_family, "", NETLINK_NETFILTER},
    {"netlink-xfrm", "", "talk to IPsec", open_family, "", NETLINK_XFRM},
};
DEFINE_THEME(kThemes_netlink, "netlink", kProbes);
