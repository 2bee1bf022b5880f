// Secrets on their way out of the broker: sealed memfds whose pages stay locked until the command has been executed,
// and are wiped then.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "broker/gather.h"
#include "secrets/delivery.h"

namespace confide::broker {

class DeliveryBlock {
 public:
  // Errors: kRefused (too large), kUnsupported (memory that cannot be locked), kSystem.
  // `parts` are for the masker alone.
  static Result<DeliveryBlock> create(std::span<const secrets::PreparedSecret> secrets,
                                      std::span<const MaskedPart> parts = {});

  DeliveryBlock(DeliveryBlock&& other) noexcept
      : block_(std::move(other.block_)),
        descriptors_(std::move(other.descriptors_)),
        mappings_(std::move(other.mappings_)) {
    other.mappings_.clear();
  }
  DeliveryBlock& operator=(DeliveryBlock&&) = delete;
  ~DeliveryBlock() { wipe(); }

  // The block, then one descriptor per `fd` and `stdin` delivery.
  std::vector<int> descriptors() const;
  // Zeroes what still can be written (the block) and lets go of the rest.
  void wipe();

 private:
  struct Mapping {
    void* address = nullptr;
    size_t size = 0;
    bool writable = false;
  };
  DeliveryBlock() = default;
  Status write_block(std::span<const secrets::PreparedSecret> secrets, std::span<const MaskedPart> parts);
  Status add_descriptor(const secrets::PreparedSecret& secret);
  Result<void*> lock(int fd, size_t size, bool writable);

  UniqueFd block_;
  std::vector<UniqueFd> descriptors_;
  std::vector<Mapping> mappings_;
};

}  // namespace confide::broker
