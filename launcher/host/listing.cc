#include "launcher/host/listing.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace confide::launcher {
namespace {

struct Entry {  // linux_dirent64 of getdents64(2), up to its name
  uint64_t inode;
  int64_t next;
  uint16_t size;
  uint8_t type;
};
constexpr size_t kNameAt = offsetof(Entry, type) + 1;

}  // namespace

void each_entry(int folder, const std::function<Listing(const char* name, unsigned char type)>& take) {
  if (::lseek(folder, 0, SEEK_SET) != 0) return;
  alignas(Entry) char buffer[8192];
  for (;;) {
    const long count = ::syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    if (count <= 0) return;
    for (long at = 0; at < count;) {
      Entry entry{};
      std::memcpy(&entry, buffer + at, kNameAt);
      const char* name = buffer + at + kNameAt;
      at += entry.size;
      const std::string_view text = name;
      if (text != "." && text != ".." && take(name, entry.type) == Listing::kStop) return;
    }
  }
}

}  // namespace confide::launcher
