// One stream of output, masked: bytes go in as they come, in any pieces, and leave in order with every match replaced
// by `<concealed by confide: NAME>`.
//
//   auto masker = TRY(StreamMasker::create(tables, {.liveness = Liveness::kReleaseIdle}));
//   for (;;) {
//     const auto space = masker.buffer();
//     const ssize_t n = read(fd, space.data(), space.size());   // wait until masker.deadline_ms(), too
//     if (n > 0) TRY(masker.feed(n, now_ms, sink));
//     if (now_ms >= masker.deadline_ms()) masker.flush_idle(now_ms, sink);
//     if (n == 0) break;
//   }
//   masker.finish(sink);
//
// What leaves does not depend on the pieces, except where an idle stream's open match is let go of (Liveness). Memory
// is bounded: kInputSize, what is held back (a few kilobytes: Tables::hold_bound) and the filter's work space, all of
// it locked, absent from dumps and wiped. One feed() of n bytes writes at most n * (kMaxName + 25) / 6 bytes plus what
// was held, in practice little more than n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "masking/matcher.h"
#include "masking/options.h"
#include "masking/prefilter.h"
#include "masking/tables.h"
#include "secrets/secret_buffer.h"

namespace confide::masking {

inline constexpr size_t kInputSize = size_t{64} << 10;
inline constexpr int64_t kIdleMs = 20;
inline constexpr int64_t kLineIdleMs = 2;

enum class Liveness : uint8_t {
  // Somebody may act on what is there (a terminal, an agent reading a pipe): an open match that has waited kIdleMs
  // gives up at most min(4, a quarter of the secret) of its characters, or, where its line is complete, that line;
  // once.
  // The search goes on as if it had not. Longer beginnings wait for the next byte or the end. So few characters that
  // end
  // a complete line wait for kLineIdleMs only: nearly every line ends with one that begins some form of some secret.
  kReleaseIdle,
  // Nothing leaves before it is known not to begin a match.
  kHold,
};

struct StreamOptions {
  Liveness liveness = Liveness::kReleaseIdle;
  std::optional<OnLeak> on_leak;     // instead of the tables' own
  const Kernels* kernels = nullptr;  // tests: instead of the best
};

class StreamMasker {
 public:
  // `tables` must outlive the masker. Error: memory could not be locked.
  static Result<StreamMasker> create(const Tables& tables, const StreamOptions& options = {});

  // Where to read bytes to: at least kInputSize, locked memory. The one place where a piece of it is handed out, since
  // read(2) needs it; valid until the next call.
  std::span<std::byte> buffer();
  // `count` bytes of buffer() have arrived. Error: a defect of ours, the stream must end.
  Status feed(size_t count, int64_t now_ms, Sink& sink);
  // Copies `bytes` in.
  Status feed(std::span<const std::byte> bytes, int64_t now_ms, Sink& sink);

  // When flush_idle() has something to let go of, if nothing is fed before.
  std::optional<int64_t> deadline_ms() const;
  // Lets go of what an idle stream may (nothing before the deadline).
  void flush_idle(int64_t now_ms, Sink& sink);

  // The stream has ended: everything leaves. What is fed afterwards is another stream (also withheld, if this one was).
  void finish(Sink& sink);

  std::vector<Count> counts() const;
  // Nothing passes any more: OnLeak::kKill or kWithhold has struck.
  bool withheld() const { return withheld_; }
  // Bytes that have come in and not left.
  size_t held() const { return end_ - released_; }

 private:
  StreamMasker(const Tables& tables, const StreamOptions& options);
  // Which matches that may still grow are announced by their replacement.
  enum class Announce : uint8_t { kLong, kOpen };
  void scan_new(uint8_t* bytes, Ending ending);
  void emit(const uint8_t* bytes, Sink& sink, uint64_t limit, Announce announce);
  bool emit_range(const uint8_t* bytes, Sink& sink, Range& range, uint64_t limit, Announce announce);
  void write(const uint8_t* bytes, uint64_t from, uint64_t to, Sink& sink);
  void replace(const Range& range, Sink& sink);
  uint64_t open_limit() const;
  // How long a stream has been idle.
  enum class Idle : uint8_t { kBriefly, kLong };
  uint64_t idle_limit(const TablesView& tables, Idle idle) const;
  bool may_give_up(const TablesView& tables, const Thread& thread, Idle idle) const;
  uint64_t idle_limit(Idle idle) const;
  uint64_t needed_from() const;
  void make_room(uint8_t* bytes);

  const Tables* tables_;
  StreamOptions options_;
  Prefilter prefilter_;
  secrets::SecretBuffer memory_;
  size_t capacity_ = 0;  // of the stream's bytes in memory_, before the filter's work space

  // Offsets in the stream.
  uint64_t begin_ = 0;     // of the first byte in memory_
  uint64_t released_ = 0;  // everything before has left
  uint64_t scanned_ = 0;   // every match that begins before is known
  uint64_t end_ = 0;

  Ranges ranges_;
  std::vector<Thread> open_;
  std::vector<Thread> resumed_;
  std::optional<int64_t> last_fed_ms_;
  bool idle_released_ = false;  // nothing to let go of until more arrives
  bool withheld_ = false;
  std::vector<uint64_t> counts_;  // by secret and form
};

}  // namespace confide::masking
