// Memory for a value that nobody else may read.
//
// A SecretBuffer is move-only and of one size from birth to death. Its pages are locked (never swapped), absent from
// core dumps, absent or zero in a forked child, and wiped before they are given back. There is no pointer to keep: the
// bytes are seen only inside the function given to `reveal`, and written only inside the one given to `fill`.
//
//   const SecretBuffer key = TRY(SecretBuffer::copy_from(bytes));
//   TRY(key.reveal([&](std::span<const std::byte> value) { return sys::write_all(fd, value); }));
//
// Not thread-safe: a buffer, and the arena that it came from, belong to one thread. A forked child must exec or _exit:
// with memfd_secret its copy of the address space lacks the pages, so a destructor that ran there would fault.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace confide::secrets {

// What keeps the pages to us.
enum class Backing : uint8_t {
  kMemfdSecret,   // memfd_secret(2), Linux 5.14: not in the kernel's direct map, unreadable even by /proc/PID/mem and
                  // root
  kLockedMemory,  // anonymous memory: mlock(2), MADV_DONTDUMP, MADV_WIPEONFORK
};
const char* name_of(Backing backing);  // "memfd_secret", "locked memory"
inline constexpr Backing kBestBacking = Backing::kMemfdSecret;

// The largest value that is taken from anywhere unless a caller says otherwise.
inline constexpr size_t kMaxSecretBytes = size_t{1} << 20;

namespace detail {
class Region;  // one mapping; secret_buffer.cc

template <class T>
inline constexpr bool kIsSpan = false;
template <class T, size_t N>
inline constexpr bool kIsSpan<std::span<T, N>> = true;
// What may leave `reveal`: nothing that points back at the bytes.
template <class T>
concept Outlives = !std::is_reference_v<T> && !std::is_pointer_v<T> && !kIsSpan<std::remove_cv_t<T>> &&
                   !std::same_as<std::remove_cv_t<T>, std::string_view>;
}  // namespace detail

class [[nodiscard]] SecretBuffer {
 public:
  // The empty value; holds no memory.
  SecretBuffer() = default;
  // `size` zero bytes in pages of their own. Where memfd_secret is preferred and not to be had, locked memory is used;
  // where neither can be had (RLIMIT_MEMLOCK), an error of kind kUnsupported that names the limit and the cure.
  static Result<SecretBuffer> create(size_t size, Backing preferred = kBestBacking);
  static Result<SecretBuffer> copy_from(std::span<const std::byte> bytes, Backing preferred = kBestBacking);

  SecretBuffer(SecretBuffer&& other) noexcept { take(other); }
  SecretBuffer& operator=(SecretBuffer&& other) noexcept {
    if (this != &other) {
      wipe_and_release();
      take(other);
    }
    return *this;
  }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;
  ~SecretBuffer() { wipe_and_release(); }

  bool operator==(const SecretBuffer&) const = delete;  // `same_value` says what it is: a comparison in constant time

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // What protects the bytes; meaningless for the empty value.
  Backing backing() const { return backing_; }

  // Calls `fn(std::span<const std::byte>)` and passes on what it returns.
  template <class Fn>
  auto reveal(Fn&& fn) const {
    using Returned = std::invoke_result_t<Fn, std::span<const std::byte>>;
    static_assert(detail::Outlives<Returned>, "what reveal() returns must not point into the secret");
    return std::forward<Fn>(fn)(std::span<const std::byte>(bytes_, size_));
  }
  // Calls `fn(std::span<std::byte>)` and passes on what it returns.
  template <class Fn>
  auto fill(Fn&& fn) {
    using Returned = std::invoke_result_t<Fn, std::span<std::byte>>;
    static_assert(detail::Outlives<Returned>, "what fill() returns must not point into the secret");
    return std::forward<Fn>(fn)(std::span<std::byte>(bytes_, size_));
  }

 private:
  friend class SecretArena;
  SecretBuffer(std::shared_ptr<detail::Region> region, std::byte* bytes, size_t size, Backing backing);
  void take(SecretBuffer& other) noexcept {
    region_ = std::move(other.region_);
    bytes_ = std::exchange(other.bytes_, nullptr);
    size_ = std::exchange(other.size_, 0);
    backing_ = other.backing_;
  }
  void wipe_and_release() noexcept;

  std::shared_ptr<detail::Region> region_;
  std::byte* bytes_ = nullptr;
  size_t size_ = 0;
  Backing backing_ = Backing::kLockedMemory;
};

// A secret is never printed, by whatever stream.
template <class Stream>
Stream& operator<<(Stream& stream, const SecretBuffer& secret) = delete;

// Carves many small buffers out of few locked pages, so that thousands of secrets fit RLIMIT_MEMLOCK (often 8 MiB). A
// buffer wipes its bytes when it goes and the place is used again; buffers may outlive the arena. Large buffers get
// pages of their own.
class SecretArena {
 public:
  explicit SecretArena(Backing preferred = kBestBacking) : preferred_(preferred) {}
  SecretArena(SecretArena&&) = default;
  SecretArena& operator=(SecretArena&&) = default;

  Result<SecretBuffer> create(size_t size);
  Result<SecretBuffer> copy_from(std::span<const std::byte> bytes);

  Backing preferred() const { return preferred_; }
  // Bytes of the arena's own pages, used or not; large buffers are not counted.
  size_t locked_bytes() const;

 private:
  Backing preferred_;
  std::vector<std::shared_ptr<detail::Region>> blocks_;
};

// The bytes as text; for use inside `reveal` only, where they live.
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Whether two values are the same, in a time that depends on their sizes only.
bool same_value(const SecretBuffer& left, const SecretBuffer& right);
bool same_value(const SecretBuffer& left, std::span<const std::byte> right);

// Reads a regular file (from its offset), pipe, socket or terminal to its end, straight into locked memory; waits for a
// non-blocking descriptor. More than `limit` bytes is an error of kind kRefused that names `name` (a regular file's
// size is asked first, so a huge one is refused unread). The descriptor stays the caller's.
Result<SecretBuffer> read_fd(int fd, size_t limit, std::string_view name, Backing preferred = kBestBacking);
// The same, the value in `arena`'s pages.
Result<SecretBuffer> read_fd(SecretArena& arena, int fd, size_t limit, std::string_view name);

}  // namespace confide::secrets
