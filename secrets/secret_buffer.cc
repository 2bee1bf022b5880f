#include "secrets/secret_buffer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <new>
#include <optional>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "base/wipe.h"

namespace confide::secrets {

const char* name_of(Backing backing) {
  switch (backing) {
    case Backing::kMemfdSecret: return "memfd_secret";
    case Backing::kLockedMemory: return "locked memory";
  }
  return "?";
}

namespace {

size_t page_bytes() {
  static const auto kPage = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return kPage;
}

size_t round_up(size_t size, size_t step) { return (size + step - 1) / step * step; }

// The mapping of a memfd_secret, or MAP_FAILED. The descriptor is closed at once: what has no number cannot be taken
// with pidfd_getfd(2) and mapped elsewhere.
void* map_memfd_secret(size_t length) {
  const UniqueFd fd(static_cast<int>(::syscall(abi::kNrMemfdSecret, O_CLOEXEC)));
  if (!fd.valid() || ::ftruncate(fd.get(), static_cast<off_t>(length)) != 0) return MAP_FAILED;
  void* at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) return MAP_FAILED;
  if (::madvise(at, length, MADV_DONTFORK) != 0) {
    ::munmap(at, length);
    return MAP_FAILED;
  }
  return at;
}

// EAGAIN and ENOMEM are what the kernel says when RLIMIT_MEMLOCK is reached, EPERM when it is 0.
Error lock_error(size_t length) {
  const int saved = errno;
  rlimit limit{};
  const bool by_limit = saved == EAGAIN || saved == ENOMEM || saved == EPERM;
  if (!by_limit || ::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return Error{ErrorKind::kUnsupported, saved, cat("cannot lock ", length, " bytes for secrets")};
  }
  return Error{ErrorKind::kUnsupported, saved,
               cat("cannot lock ", length, " bytes for secrets: RLIMIT_MEMLOCK is ", limit.rlim_cur,
                   " bytes; raise it (ulimit -l, LimitMEMLOCK= of the systemd unit, memlock in limits.conf)")};
}

Result<void*> map_locked_memory(size_t length) {
  void* at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    return Error{ErrorKind::kUnsupported, errno, cat("cannot map ", length, " bytes for secrets")};
  }
  std::optional<Error> error;
  // The system call itself: sanitizers replace mlock(3) by nothing.
  if (::syscall(SYS_mlock, at, length) != 0) {
    error = lock_error(length);
  } else if (::madvise(at, length, MADV_DONTDUMP) != 0) {
    error = sys::errno_error("madvise MADV_DONTDUMP");
  } else if (::madvise(at, length, MADV_WIPEONFORK) != 0) {
    error = sys::errno_error("madvise MADV_WIPEONFORK");
  }
  if (!error) return at;
  ::munmap(at, length);
  return std::move(*error);
}

}  // namespace

namespace detail {

// One mapping and the book of its free places, which is kept outside the locked pages.
class Region {
 public:
  static Result<std::shared_ptr<Region>> create(size_t size, Backing preferred) {
    if (size > (size_t{1} << 40)) {
      return Error{ErrorKind::kUnsupported, ENOMEM, cat("cannot lock ", size, " bytes for secrets")};
    }
    const size_t length = round_up(size, page_bytes());
    Backing backing = Backing::kMemfdSecret;
    void* at = preferred == Backing::kMemfdSecret ? map_memfd_secret(length) : MAP_FAILED;
    if (at == MAP_FAILED) {
      backing = Backing::kLockedMemory;
      at = TRY(map_locked_memory(length));
    }
    return std::make_shared<Region>(static_cast<std::byte*>(at), length, backing);
  }

  Region(std::byte* base, size_t length, Backing backing) : base_(base), length_(length), backing_(backing) {
    free_.emplace(size_t{0}, length);
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region() {
    wipe(base_, length_);
    ::munmap(base_, length_);
  }

  // The first free place that fits, or nothing.
  std::byte* allocate(size_t size) {
    const size_t wanted = round_up(size, kAlignment);
    for (auto place = free_.begin(); place != free_.end(); ++place) {
      const auto [offset, length] = *place;
      if (length < wanted) continue;
      free_.erase(place);
      if (length > wanted) free_.emplace(offset + wanted, length - wanted);
      return base_ + offset;
    }
    return nullptr;
  }

  // Wipes the bytes and joins the place with its free neighbours.
  void release(std::byte* at, size_t size) {
    wipe(at, size);
    auto offset = static_cast<size_t>(at - base_);
    size_t length = round_up(size, kAlignment);
    auto next = free_.lower_bound(offset);
    if (next != free_.end() && next->first == offset + length) {
      length += next->second;
      next = free_.erase(next);
    }
    if (next != free_.begin()) {
      const auto previous = std::prev(next);
      if (previous->first + previous->second == offset) {
        previous->second += length;
        return;
      }
    }
    free_.emplace(offset, length);
  }

  size_t length() const { return length_; }
  Backing backing() const { return backing_; }

 private:
  static constexpr size_t kAlignment = 16;

  std::byte* base_;
  size_t length_;
  Backing backing_;
  std::map<size_t, size_t> free_;  // offset to length
};

}  // namespace detail

using detail::Region;

SecretBuffer::SecretBuffer(std::shared_ptr<Region> region, std::byte* bytes, size_t size, Backing backing)
    : region_(std::move(region)), bytes_(bytes), size_(size), backing_(backing) {}

void SecretBuffer::wipe_and_release() noexcept {
  if (region_) region_->release(bytes_, size_);
  region_.reset();
  bytes_ = nullptr;
  size_ = 0;
}

Result<SecretBuffer> SecretBuffer::create(size_t size, Backing preferred) {
  if (size == 0) return SecretBuffer();
  auto region = TRY(Region::create(size, preferred));
  std::byte* bytes = region->allocate(size);
  const Backing backing = region->backing();
  return SecretBuffer(std::move(region), bytes, size, backing);
}

Result<SecretBuffer> SecretBuffer::copy_from(std::span<const std::byte> bytes, Backing preferred) {
  SecretBuffer copy = TRY(create(bytes.size(), preferred));
  copy.fill([&](std::span<std::byte> to) { std::copy(bytes.begin(), bytes.end(), to.begin()); });
  return copy;
}

Result<SecretBuffer> SecretArena::create(size_t size) {
  constexpr size_t kFirstBlock = size_t{16} << 10;
  constexpr size_t kBlock = size_t{64} << 10;
  if (size == 0 || size > kFirstBlock / 2) return SecretBuffer::create(size, preferred_);
  for (const auto& block : blocks_) {
    if (std::byte* bytes = block->allocate(size)) return SecretBuffer(block, bytes, size, block->backing());
  }
  blocks_.push_back(TRY(Region::create(blocks_.empty() ? kFirstBlock : kBlock, preferred_)));
  const auto& block = blocks_.back();
  return SecretBuffer(block, block->allocate(size), size, block->backing());
}

Result<SecretBuffer> SecretArena::copy_from(std::span<const std::byte> bytes) {
  SecretBuffer copy = TRY(create(bytes.size()));
  copy.fill([&](std::span<std::byte> to) { std::copy(bytes.begin(), bytes.end(), to.begin()); });
  return copy;
}

size_t SecretArena::locked_bytes() const {
  size_t bytes = 0;
  for (const auto& block : blocks_) bytes += block->length();
  return bytes;
}

bool same_value(const SecretBuffer& left, std::span<const std::byte> right) {
  return left.reveal([&](std::span<const std::byte> a) {
    if (a.size() != right.size()) return false;
    volatile unsigned difference = 0;  // volatile: the loop must not end at the first difference
    for (size_t i = 0; i < a.size(); ++i) difference = difference | std::to_integer<unsigned>(a[i] ^ right[i]);
    return difference == 0;
  });
}

bool same_value(const SecretBuffer& left, const SecretBuffer& right) {
  return right.reveal([&](std::span<const std::byte> b) { return same_value(left, b); });
}

}  // namespace confide::secrets
