// Secrets reach the child here: only once it stands, only by descriptor.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/syscalls.h"
#include "launcher/child/control.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

struct Block {
  const unsigned char* bytes = nullptr;
  uint64_t size = 0;
  const DeliveryEntry* entries = nullptr;
  uint32_t count = 0;
};

bool inside(const Block& block, uint64_t at, uint64_t size) { return at <= block.size && size <= block.size - at; }

bool ends_with_nul(const Block& block, uint64_t at) {
  for (uint64_t i = at; i < block.size; ++i)
    if (block.bytes[i] == 0) return true;
  return false;
}

// Maps the block and checks every offset in it: the memfd comes from another process.
int map_block(int fd, uint64_t size, Block& block) {
  if (size < sizeof(DeliveryHeader) || size > kMaxDeliveryBlock) return EPROTO;
  const long address = raw::call(SYS_mmap, nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (address < 0 && address > -4096) return static_cast<int>(-address);
  block.bytes = reinterpret_cast<const unsigned char*>(address);
  block.size = size;
  const auto* header = reinterpret_cast<const DeliveryHeader*>(block.bytes);
  if (header->magic != kDeliveryMagic || header->total_size > size || header->count > kMaxEntries) return EPROTO;
  if (!inside(block, sizeof *header, header->count * sizeof(DeliveryEntry))) return EPROTO;
  block.entries = reinterpret_cast<const DeliveryEntry*>(block.bytes + sizeof *header);
  block.count = header->count;
  for (uint32_t i = 0; i < block.count; ++i) {
    const DeliveryEntry& entry = block.entries[i];
    if (!inside(block, entry.bytes_at, entry.bytes_size) || !ends_with_nul(block, entry.name_at)) return EPROTO;
    if (entry.kind == DeliveryKind::kEnv &&
        (entry.bytes_size == 0 || block.bytes[entry.bytes_at + entry.bytes_size - 1] != 0)) {
      return EPROTO;
    }
  }
  return 0;
}

void unmap(const Block& block) {
  if (block.bytes != nullptr) (void)raw::call(SYS_munmap, const_cast<unsigned char*>(block.bytes), block.size);
}

int write_file(int folder, const char* name, const unsigned char* bytes, uint64_t size) {
  for (const char* c = name; *c != '\0'; ++c)
    if (*c == '/') return EPROTO;
  const long fd = raw::call(SYS_openat, folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
  if (fd < 0) return static_cast<int>(-fd);
  long written = 0;
  for (uint64_t done = 0; done < size && written >= 0; done += static_cast<uint64_t>(written))
    written = raw::call(SYS_write, static_cast<int>(fd), bytes + done, size - done);
  raw::close_fd(static_cast<int>(fd));
  return written < 0 ? static_cast<int>(-written) : 0;
}

int write_files(const Block& block, const char* folder) {
  const long at = raw::call(SYS_openat, AT_FDCWD, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (at < 0) return static_cast<int>(-at);
  int error = 0;
  for (uint32_t i = 0; i < block.count && error == 0; ++i) {
    const DeliveryEntry& entry = block.entries[i];
    if (entry.kind != DeliveryKind::kFile) continue;
    error = write_file(static_cast<int>(at), reinterpret_cast<const char*>(block.bytes + entry.name_at),
                       block.bytes + entry.bytes_at, entry.bytes_size);
  }
  raw::close_fd(static_cast<int>(at));
  return error;
}

int receive_descriptors(ChildState& state) {
  Order order{};
  iovec part{&order, sizeof order};
  alignas(cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int) * (kMaxDeliveries + 1))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  long n = 0;
  do n = raw::call(SYS_recvmsg, state.control_fd, &header, MSG_CMSG_CLOEXEC);
  while (n == -EINTR);
  if (n < 0) return static_cast<int>(-n);
  if (n == 0) return EPIPE;  // the supervisor gave up
  if (n != sizeof order || order.kind != OrderKind::kSecrets || (header.msg_flags & MSG_CTRUNC) != 0) return EPROTO;
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights == nullptr || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) return EPROTO;
  const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  if (count == 0 || count > kMaxDeliveries + 1) return EPROTO;
  const int* fds = reinterpret_cast<const int*>(CMSG_DATA(rights));
  state.block_fd = fds[0];
  state.delivered_count = count - 1;
  for (size_t i = 0; i + 1 < count; ++i) state.delivered_fds[i] = fds[i + 1];
  return 0;
}

}  // namespace

int receive_secrets(ChildState& state, const ReceiveSecrets& op) {
  report(state.control_fd, static_cast<uint32_t>(ReportKind::kStanding), 0, 0, 0);
  int error = receive_descriptors(state);
  if (error != 0) return error;
  struct stat found {};
  const long looked = raw::call(SYS_newfstatat, state.block_fd, "", &found, AT_EMPTY_PATH);
  if (looked < 0) return static_cast<int>(-looked);
  state.block_size = static_cast<uint64_t>(found.st_size);
  Block block;
  error = map_block(state.block_fd, state.block_size, block);
  if (error == 0 && op.folder != nullptr) error = write_files(block, op.folder);
  size_t wanted = 0;
  for (uint32_t i = 0; i < block.count && error == 0; ++i) {
    const DeliveryKind kind = block.entries[i].kind;
    if (kind == DeliveryKind::kFd || kind == DeliveryKind::kStdin) ++wanted;
  }
  if (error == 0 && wanted != state.delivered_count) error = EPROTO;
  unmap(block);
  return error;
}

long map_secret_environment(const ChildState& state, char** envp, size_t count, size_t room, void** mapped) {
  Block block;
  const int error = map_block(state.block_fd, state.block_size, block);
  if (error != 0) return -error;
  *mapped = const_cast<unsigned char*>(block.bytes);
  size_t added = 0;
  for (uint32_t i = 0; i < block.count; ++i) {
    const DeliveryEntry& entry = block.entries[i];
    if (entry.kind != DeliveryKind::kEnv) continue;
    if (added == room) return -E2BIG;
    // execve only reads it.
    envp[count + added] = reinterpret_cast<char*>(const_cast<unsigned char*>(block.bytes + entry.bytes_at));
    ++added;
  }
  return static_cast<long>(added);
}

}  // namespace confide::child
