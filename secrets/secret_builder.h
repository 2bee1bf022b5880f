// Puts a value together piece by piece in locked memory, where its size is not known beforehand.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "secrets/secret_buffer.h"

namespace confide::secrets {

class SecretBuilder {
 public:
  // `arena` must outlive the builder. More than `limit` bytes is an error of kind kRefused.
  explicit SecretBuilder(SecretArena& arena, size_t limit = kMaxSecretBytes) : arena_(arena), limit_(limit) {}

  Status append(std::span<const std::byte> bytes);
  Status append(std::string_view text) { return append(std::as_bytes(std::span(text))); }
  Status append(char c) { return append(std::string_view(&c, 1)); }

  // What was appended, in a buffer of exactly its size; the builder is empty again.
  Result<SecretBuffer> finish();

 private:
  SecretArena& arena_;
  size_t limit_;
  SecretBuffer buffer_;
  size_t used_ = 0;
};

}  // namespace confide::secrets
