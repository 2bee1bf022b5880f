// What stands between a command's output and whoever reads it. The launcher has none by default; the supervisor of a
// credentialed run hands it the masker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace confide::launcher {

// A terminal carries both of a command's output streams.
enum class Stream : uint8_t { kOutput, kError, kTerminal };

class OutputFilter {
 public:
  virtual ~OutputFilter() = default;
  // Where the relay reads a stream's bytes to: memory of the filter's own, so that unmasked bytes lie nowhere else.
  // Empty until the filter is ready: a terminal echoes what is typed ahead before there is anything to filter by, and
  // that waits.
  virtual std::span<std::byte> buffer(Stream stream) = 0;
  // `count` bytes of buffer(stream) have arrived at `now_ms`; what may leave is appended to `out`. An error ends the
  // run.
  virtual Status feed(Stream stream, size_t count, int64_t now_ms, std::string& out) = 0;
  // When idle() wants to be called if nothing more arrives on this stream.
  virtual std::optional<int64_t> deadline_ms(Stream stream) const = 0;
  virtual Status idle(Stream stream, int64_t now_ms, std::string& out) = 0;
  // The stream has ended.
  virtual Status finish(Stream stream, std::string& out) = 0;
};

}  // namespace confide::launcher
