// Sockets and other meeting points by name.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "probes/probe.h"

typedef enum { kPathname, kAbstract } UnixName;

static socklen_t unix_address(struct sockaddr_un* address, const char* name, UnixName kind) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  const size_t skip = kind == kAbstract ? 1 : 0;
  format_text(address->sun_path + skip, sizeof address->sun_path - skip, "%s", name);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + skip + strlen(name) + (kind == kPathname ? 1 : 0));
}

static Verdict connect_unix(const Arguments* arguments, int type, UnixName kind) {
  struct sockaddr_un address;
  const socklen_t size = unix_address(&address, arguments->words[0], kind);
  const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return of_result(-1, "socket AF_UNIX");
  return of_result(connect(fd, (const struct sockaddr*)&address, size), "connect");
}

static Verdict unix_path(const Arguments* arguments, const Probe* probe) {
  return connect_unix(arguments, (int)probe->number, kPathname);
}

static Verdict unix_abstract(const Arguments* arguments, const Probe* probe) {
  return connect_unix(arguments, (int)probe->number, kAbstract);
}

static bool inet_address(const Arguments* arguments, struct sockaddr_in* address) {
  unsigned long port = 0;
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  if (inet_pton(AF_INET, arguments->words[0], &address->sin_addr) != 1) return false;
  if (!word_number(arguments, 1, &port) || port > 65535) return false;
  address->sin_port = htons((uint16_t)port);
  return true;
}

static Verdict connect_tcp(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  struct sockaddr_in address;
  if (!inet_address(arguments, &address)) return untried("HOST must be an IPv4 address, PORT a number");
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return of_result(-1, "socket AF_INET");
  return of_result(connect(fd, (const struct sockaddr*)&address, sizeof address), "connect");
}

// A datagram is only shown to have arrived by the answer: the listener sends back what it got.
static Verdict ask_udp(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  struct sockaddr_in address;
  if (!inet_address(arguments, &address)) return untried("HOST must be an IPv4 address, PORT a number");
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return of_result(-1, "socket AF_INET");
  const struct timeval limit = {.tv_sec = 1};
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) return of_result(-1, "connect");
  if (send(fd, "?", 1, 0) != 1) return of_result(-1, "send");
  char answer[8];
  return of_result(recv(fd, answer, sizeof answer, 0), "an answer");
}

static Verdict make_socket(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  const int domain = (int)(probe->number >> 16);
  const int type = (int)((probe->number >> 8) & 0xff);
  return of_result(socket(domain, type | SOCK_CLOEXEC, (int)(probe->number & 0xff)), probe->name);
}
#define SOCKET_KIND(domain, type, protocol) (((long)(domain) << 16) | ((long)(type) << 8) | (protocol))

static Verdict vsock_host(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return of_result(-1, "socket AF_VSOCK");
  return succeeded("socket AF_VSOCK");
}

// A FIFO can be written through a read-only mount: that is no write to the file system.
static Verdict write_fifo(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int fd = open(arguments->words[0], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", arguments->words[0], strerror(errno));
  struct stat found;
  if (fstat(fd, &found) != 0 || !S_ISFIFO(found.st_mode)) return untried("%s is no FIFO", arguments->words[0]);
  return of_result(write(fd, "!", 1), "write into the FIFO");
}

// Hands a descriptor of the inside to whoever holds the other end of an inherited socket.
static Verdict pass_descriptor(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  int fd = 0;
  if (!word_fd(arguments, 0, &fd)) return untried("FD must be a number");
  char payload[] = "!";
  struct iovec data = {.iov_base = payload, .iov_len = 1};
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(sizeof(int));
  const int passed = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (passed < 0) return untried("no descriptor to pass");
  memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
  return of_result(sendmsg(fd, &message, MSG_NOSIGNAL), "sendmsg SCM_RIGHTS");
}

static Verdict bind_port(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  struct sockaddr_in address;
  if (!inet_address(arguments, &address)) return untried("HOST must be an IPv4 address, PORT a number");
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return of_result(-1, "socket AF_INET");
  return of_result(bind(fd, (const struct sockaddr*)&address, sizeof address), "bind");
}

static const Probe kProbes[] = {
    {"unix-abstract", "NAME", "connect to an abstract unix socket", unix_abstract, "", SOCK_STREAM},
    {"unix-abstract-dgram", "NAME", "connect to an abstract datagram socket", unix_abstract, "", SOCK_DGRAM},
    {"unix-path", "PATH", "connect to a unix socket by its path", unix_path, "", SOCK_STREAM},
    {"tcp", "HOST PORT", "connect to a port", connect_tcp, ""},
    {"udp", "HOST PORT", "send a datagram and wait for the answer", ask_udp, ""},
    {"bind", "HOST PORT", "occupy a port", bind_port, ""},
    {"packet-socket", "", "listen to the wire", make_socket, "", SOCKET_KIND(AF_PACKET, SOCK_RAW, 0)},
    {"raw-socket", "", "write packets by hand", make_socket, "", SOCKET_KIND(AF_INET, SOCK_RAW, IPPROTO_ICMP)},
    {"vsock", "", "talk to the hypervisor", vsock_host, ""},
    {"alg-socket", "", "the kernel's ciphers", make_socket, "", SOCKET_KIND(AF_ALG, SOCK_SEQPACKET, 0)},
    {"fifo-write", "PATH", "write into a FIFO of outside", write_fifo, ""},
    {"scm-rights", "FD", "pass a descriptor out through an inherited socket", pass_descriptor, ""},
};
DEFINE_THEME(kThemes_sockets, "sockets", kProbes);
