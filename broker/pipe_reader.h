// What a program prints, read as it comes and straight into locked memory.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "secrets/secret_buffer.h"

namespace confide::broker {

class PipeReader {
 public:
  // What comes after `limit` bytes is read and dropped; overflowed() tells.
  static Result<PipeReader> create(UniqueFd pipe, size_t limit);

  int fd() const { return ended_ ? -1 : pipe_.get(); }
  // Whether what was read so far ends with `mark`.
  bool ends_with(std::string_view mark) const;
  bool overflowed() const { return overflowed_; }
  // Everything that is there now, without waiting.
  Status read_available();
  // What was read, in a buffer of its size; nothing of it is kept here.
  Result<secrets::SecretBuffer> take(secrets::SecretArena& arena);

 private:
  PipeReader(UniqueFd pipe, size_t limit) : pipe_(std::move(pipe)), limit_(limit) {}
  UniqueFd pipe_;
  size_t limit_;
  secrets::SecretBuffer buffer_;
  size_t used_ = 0;
  bool ended_ = false;
  bool overflowed_ = false;
};

}  // namespace confide::broker
