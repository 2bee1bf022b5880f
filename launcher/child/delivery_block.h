// The sealed memfd by which secrets reach the child: a header, `count` entries, then the bytes they point into.
// Written by the broker, read by the child between clone3 and execve, so it is plain data with offsets; the child
// checks every offset against the size before it uses it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace confide::child {

inline constexpr uint32_t kDeliveryMagic = 0x31464443;  // "CDF1"
inline constexpr uint32_t kMaxDeliveries = 200;         // by descriptor: SCM_RIGHTS carries 253 at most
inline constexpr uint32_t kMaxEntries = 4096;
inline constexpr size_t kMaxDeliveryBlock = 64UL << 20;

enum class DeliveryKind : uint32_t {
  kEnv,       // bytes are "NAME=value" and a final NUL
  kFile,      // name is the file's name (no slash) and bytes its content
  kFd,        // `number` is the descriptor number that the program sees
  kStdin,     // becomes descriptor 0
  kMaskOnly,  // for the masker: part of another value; the child passes over it
};

struct DeliveryEntry {
  DeliveryKind kind;
  uint32_t number;      // kFd: the number inside
  uint64_t name_at;     // offset of a NUL-terminated name
  uint64_t bytes_at;    // offset of the bytes
  uint64_t bytes_size;  // kEnv: with the final NUL
};

struct DeliveryHeader {
  uint32_t magic;
  uint32_t count;
  uint64_t total_size;
};

}  // namespace confide::child
