// The exact path: follows the needles that may begin at a place, byte by byte, to their ends.
//
// What is a match depends on nothing but the bytes from its place on: see docs/masking.md, "What a match is".
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "masking/tables.h"
#include "masking/token.h"

namespace confide::masking {

// The bytes at hand: those of the stream from `begin` to `end`.
struct Window {
  const uint8_t* bytes = nullptr;
  uint64_t begin = 0;
  uint64_t end = 0;
  Ending ending = Ending::kOpen;

  const uint8_t* at(uint64_t offset) const { return bytes + (offset - begin); }
};

inline constexpr uint32_t kNoNeedle = UINT32_MAX;

// A stretch of the stream that is one or several overlapping matches. `needle` names it: of the match that began first,
// or of those the longest, or of those the first secret's.
struct Range {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t first_start = 0;  // of the naming match
  uint64_t first_end = 0;
  uint32_t needle = kNoNeedle;
  Form form = Form::kRaw;
  bool announced = false;  // its replacement has been written
};

// A reading of needles that has not come to its end: candidates are the entries [lo, hi), `depth` characters deep.
struct Thread {
  uint64_t start = 0;
  uint64_t pos = 0;   // the next byte to read
  uint64_t end = 0;   // of the longest match so far; 0: none
  uint64_t hold = 0;  // bytes from here on are held for it, once it gave up some
  uint32_t lo = 0;
  uint32_t hi = 0;
  uint32_t depth = 0;
  uint32_t needle = kNoNeedle;
  uint16_t gap = 0;  // bytes since the last character
  uint8_t views = 0;
  uint8_t features = 0;
  uint8_t gap_features = 0;  // of the gap, counted when the next character fits
  Form form = Form::kRaw;
  bool tail = false;  // only waits for the character after a needle that straddles
  bool gave_up = false;
  bool announced = false;
  bool line_ended = false;  // the gap has a newline

  bool confirmed() const { return end != 0; }
  // Bytes before this are no longer in question.
  uint64_t held_from() const { return confirmed() ? end : gave_up ? hold : start; }
};

// Matches found, overlapping ones joined, in order.
class Ranges {
 public:
  void add(Range range);
  std::vector<Range>& list() { return list_; }
  const std::vector<Range>& list() const { return list_; }

 private:
  std::vector<Range> list_;
};

class Matcher {
 public:
  // Matches are added to `ranges`, clipped to what begins at or after `floor`; what is open at the window's end is
  // added to `open`.
  Matcher(const TablesView& tables, const Window& window, uint64_t floor, Ranges& ranges, std::vector<Thread>& open)
      : tables_(tables), window_(window), floor_(floor), ranges_(ranges), open_(open) {}

  // All matches that begin at `place`.
  void start(uint64_t place);
  void resume(Thread thread);

 private:
  bool jump(Thread& thread);
  void run(Thread thread);
  bool step(Thread& thread);
  bool follow_one(Thread& thread);
  bool read_characters(Thread& thread, const uint8_t* bytes, unsigned count, unsigned length, uint8_t features);
  void follow_tail(const Thread& thread, uint32_t entry);
  void read_tail(Thread& tail);
  bool read_gap(Thread& thread, unsigned length, uint8_t features);
  bool narrow(Thread& thread, uint8_t byte) const;
  void note_matches(Thread& thread, uint64_t end);
  void note(Thread& thread, uint32_t entry, uint64_t end, bool whole);
  void report(const Thread& thread);

  const TablesView& tables_;
  Window window_;
  uint64_t floor_;
  Ranges& ranges_;
  std::vector<Thread>& open_;
  // The last match of a whole needle without gaps or anything decoded: what begins within it with the same needle is
  // part of it.
  struct Cover {
    uint64_t start = 0;
    uint64_t end = 0;
    uint32_t at = 0;  // in the pool
  } cover_;
  Thread branch_;  // the decoded reading, once it differs
  bool branched_ = false;
};

}  // namespace confide::masking
