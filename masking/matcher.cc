#include "masking/matcher.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace confide::masking {
namespace {

// Of matches that begin together the longer one gives the name, but nobody waits for more than this.
constexpr uint64_t kNamingLength = 2048;

bool names_before(const Range& a, const Range& b) {
  if (a.first_start != b.first_start) return a.first_start < b.first_start;
  const uint64_t a_length = std::min(a.first_end - a.first_start, kNamingLength);
  const uint64_t b_length = std::min(b.first_end - b.first_start, kNamingLength);
  return a_length != b_length ? a_length > b_length : a.needle < b.needle;
}

void join(Range& into, const Range& other) {
  const uint64_t start = std::min(into.start, other.start);
  const uint64_t end = std::max(into.end, other.end);
  const bool announced = into.announced || other.announced;
  if (names_before(other, into)) into = other;
  into.start = start;
  into.end = end;
  into.announced = announced;
}

// What a match of characters as they are was written with.
Form form_as_read(const Needle& needle, uint8_t features, bool whole) {
  if (needle.form != Form::kRaw) return needle.form;
  if ((features & kSawPercent) != 0) return Form::kPercent;
  if ((features & kSawEntity) != 0) return Form::kEntity;
  if ((features & kSawBackslash) != 0) return Form::kBackslash;
  if ((features & kSawNul) != 0) return Form::kUtf16;
  if (!whole) return Form::kPartial;
  if ((features & kSawEscape) != 0 || ((features & kSawSpace) != 0 && !needle.has_gaps)) return Form::kSpaced;
  return Form::kRaw;
}

bool is_base64(uint8_t byte) {
  const uint8_t folded = byte | 0x20;
  return (byte >= '0' && byte <= '9') || (folded >= 'a' && folded <= 'z') || byte == '+' || byte == '/';
}

}  // namespace

void Ranges::add(Range range) {
  // Nearly always at the end; what overlaps is joined, what only touches stays apart.
  auto first = list_.end();
  while (first != list_.begin() && std::prev(first)->end > range.start) --first;
  auto last = first;
  while (last != list_.end() && last->start < range.end) {
    join(range, *last);
    ++last;
  }
  if (first == last) {
    list_.insert(first, range);
    return;
  }
  *first = range;
  list_.erase(std::next(first), last);
}

void Matcher::start(uint64_t place) {
  const uint8_t byte = *window_.at(place);
  switch (class_of(byte)) {
    case ByteClass::kGap:
    case ByteClass::kEscape: return;
    case ByteClass::kPlain: {
      const uint8_t first = canonical(byte);
      if (tables_.roots[first] == tables_.roots[first + 1]) return;
      break;
    }
    case ByteClass::kQuote:
    case ByteClass::kBackslash:
    case ByteClass::kPercent:
    case ByteClass::kAmpersand: break;
  }
  Thread thread{.start = place, .pos = place, .lo = 0, .hi = tables_.entry_count, .views = kBothViews};
  if (jump(thread)) run(thread);
}

// Finds the candidates by their first characters at once, as far as nothing is to be decoded. False: there are none.
bool Matcher::jump(Thread& thread) {
  const size_t most = std::min<size_t>({tables_.min_required, sizeof(uint64_t), window_.end - thread.pos});
  const uint8_t* at = window_.at(thread.pos);
  uint64_t key = 0;
  unsigned count = 0;
  for (; count < most && class_of(at[count]) == ByteClass::kPlain; ++count) key = key << 8 | canonical(at[count]);
  if (count < 2) return true;
  const auto key_of = [&](const Entry& entry) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, tables_.pool + entry.at, sizeof bytes);
    return std::byteswap(bytes) >> (64 - 8 * count);
  };
  const unsigned first = canonical(*at);
  const Entry* const entries = tables_.entries;
  const Entry* const end = entries + tables_.roots[first + 1];
  const Entry* const lo = std::partition_point(entries + tables_.roots[first], end,
                                               [&](const Entry& entry) { return key_of(entry) < key; });
  const Entry* hi = lo;
  // Few entries share so many characters, unless secrets have a common beginning.
  constexpr int kFew = 8;
  for (int i = 0; i < kFew && hi != end && key_of(*hi) == key; ++i) ++hi;
  if (hi - lo == kFew) hi = std::partition_point(hi, end, [&](const Entry& entry) { return key_of(entry) == key; });
  if (lo == hi) return false;
  thread.lo = static_cast<uint32_t>(lo - entries);
  thread.hi = static_cast<uint32_t>(hi - entries);
  thread.depth = count;
  thread.pos += count;
  note_matches(thread, thread.pos);
  if (thread.lo < thread.hi) return true;
  if (thread.confirmed()) report(thread);
  return false;
}

void Matcher::resume(Thread thread) {
  if (thread.tail) {
    read_tail(thread);
  } else {
    run(thread);
  }
}

void Matcher::run(Thread thread) {
  while (step(thread)) {
  }
  if (!branched_) return;
  branched_ = false;
  Thread decoded = branch_;
  while (step(decoded)) {
  }
}

// Reads one token. False: the thread has ended (and is reported) or waits for more (and is put aside).
bool Matcher::step(Thread& thread) {
  if (thread.pos == window_.end) {
    if (thread.confirmed()) report(thread);
    if (window_.ending == Ending::kOpen) open_.push_back(thread);
    return false;
  }
  const uint8_t* at = window_.at(thread.pos);
  bool alive = false;
  if (thread.hi - thread.lo == 1 && class_of(*at) == ByteClass::kPlain) {
    alive = follow_one(thread);
  } else if (const ByteClass role = class_of(*at); role == ByteClass::kPlain) {
    const uint8_t byte = canonical(*at);
    alive = read_characters(thread, &byte, 1, 1, 0);
  } else {
    if (thread.views == kBothViews && role != ByteClass::kGap && role != ByteClass::kEscape) {
      branch_ = thread;
      branch_.views = kDecoded;
      branched_ = true;
      thread.views = kAsIs;
    }
    const uint8_t view = thread.views == kBothViews ? kAsIs : thread.views;
    const Token token = next_token(view, at, window_.end - thread.pos, window_.ending);
    switch (token.kind) {
      case Token::Kind::kNeedMore:
        if (thread.confirmed()) report(thread);
        open_.push_back(thread);
        return false;
      case Token::Kind::kGap: alive = read_gap(thread, token.length, token.features); break;
      case Token::Kind::kBytes:
        alive = read_characters(thread, token.bytes, token.count, token.length, token.features);
        break;
    }
  }
  if (!alive && thread.confirmed()) report(thread);
  return alive;
}

// The usual case: one candidate is left, and nothing is to be decoded. Reads as far as it fits; false: it has ended.
bool Matcher::follow_one(Thread& thread) {
  const Entry& entry = tables_.entries[thread.lo];
  // A part of the match that was just found, from further on to the same end.
  if (thread.start < cover_.end && entry.at == cover_.at + (thread.start - cover_.start) &&
      thread.pos - thread.start == thread.depth) {
    thread.end = 0;
    return false;
  }
  const uint32_t length = tables_.entry_length(entry);
  const uint8_t* const wanted = tables_.pool + entry.at;
  const uint64_t begin = thread.pos;
  bool fits = true;
  while (thread.depth < length && thread.pos < window_.end) {
    const uint8_t byte = *window_.at(thread.pos);
    fits = canonical(byte) == wanted[thread.depth];
    if (!fits || class_of(byte) != ByteClass::kPlain) break;
    ++thread.depth;
    ++thread.pos;
  }
  if (thread.pos > begin) {
    thread.features |= thread.gap_features;
    thread.gap = 0;
    thread.gap_features = 0;
    thread.line_ended = false;
    // Only the last of its characters matters: each more is the same match, longer.
    note_matches(thread, thread.pos);
  }
  if (!fits && class_of(*window_.at(thread.pos)) == ByteClass::kPlain) return false;
  return thread.lo < thread.hi && (thread.confirmed() || thread.depth < tables_.max_required);
}

bool Matcher::read_gap(Thread& thread, unsigned length, uint8_t features) {
  if (thread.depth == 0 || thread.gap + length > tables_.max_gap) return false;
  thread.line_ended = thread.line_ended || *window_.at(thread.pos) == '\n';
  thread.gap = static_cast<uint16_t>(thread.gap + length);
  thread.gap_features |= features;
  thread.pos += length;
  return true;
}

bool Matcher::read_characters(Thread& thread, const uint8_t* bytes, unsigned count, unsigned length, uint8_t features) {
  thread.features |= features | thread.gap_features;
  thread.gap = 0;
  thread.gap_features = 0;
  thread.line_ended = false;
  thread.pos += length;
  for (unsigned i = 0; i < count; ++i) {
    if (!narrow(thread, bytes[i])) return false;
    ++thread.depth;
    note_matches(thread, thread.pos);
    if (thread.lo == thread.hi) return false;
  }
  // What has not been a match by now belongs to needles of another reading only.
  return thread.confirmed() || thread.depth < tables_.max_required;
}

bool Matcher::narrow(Thread& thread, uint8_t byte) const {
  const auto byte_of = [&](const Entry& entry) { return tables_.pool[entry.at + thread.depth]; };
  const Entry* const entries = tables_.entries;
  if (thread.depth == 0) {
    thread.lo = tables_.roots[byte];
    thread.hi = tables_.roots[byte + 1];
    return thread.lo < thread.hi;
  }
  if (thread.hi - thread.lo == 1) return byte_of(entries[thread.lo]) == byte;
  const Entry* const lo = std::partition_point(entries + thread.lo, entries + thread.hi,
                                               [&](const Entry& entry) { return byte_of(entry) < byte; });
  const Entry* const hi =
      std::partition_point(lo, entries + thread.hi, [&](const Entry& entry) { return byte_of(entry) == byte; });
  thread.lo = static_cast<uint32_t>(lo - entries);
  thread.hi = static_cast<uint32_t>(hi - entries);
  return thread.lo < thread.hi;
}

void Matcher::note(Thread& thread, uint32_t entry, uint64_t end, bool whole) {
  const uint32_t index = tables_.entries[entry].needle;
  const Needle& needle = tables_.needles[index];
  if ((needle.views & thread.views) == 0) return;
  if (thread.end == end && thread.needle <= index) return;
  thread.end = end;
  thread.needle = index;
  thread.form = form_as_read(needle, thread.features, whole && tables_.entries[entry].at == needle.offset);
}

// The candidates that are a match `depth` characters deep; those that are complete are taken out.
void Matcher::note_matches(Thread& thread, uint64_t end) {
  if (thread.depth < tables_.min_required) return;
  bool straddled = false;
  while (thread.lo < thread.hi && tables_.entry_length(tables_.entries[thread.lo]) == thread.depth) {
    const Needle& needle = tables_.needles[tables_.entries[thread.lo].needle];
    note(thread, thread.lo, end, true);
    if (thread.pos - thread.start == thread.depth && thread.end == end && end > cover_.end) {
      cover_ = {thread.start, end, tables_.entries[thread.lo].at};
    }
    if (needle.straddles && !straddled && (needle.views & thread.views) != 0) {
      straddled = true;
      follow_tail(thread, thread.lo);
    }
    ++thread.lo;
  }
  for (uint32_t entry = thread.lo; entry < thread.hi; ++entry) {
    if (tables_.required(tables_.entries[entry]) <= thread.depth) note(thread, entry, end, false);
  }
}

// The character right after a base64 needle holds its last bits; it belongs to a match of its own.
void Matcher::follow_tail(const Thread& thread, uint32_t entry) {
  Thread tail = thread;
  tail.tail = true;
  tail.end = tail.pos;
  tail.needle = tables_.entries[entry].needle;
  tail.form = tables_.needles[tail.needle].form;
  read_tail(tail);
}

void Matcher::read_tail(Thread& tail) {
  if (tail.pos == window_.end) {
    if (window_.ending == Ending::kOpen) open_.push_back(tail);
    return;
  }
  const uint8_t view = (tail.views & kDecoded) != 0 ? kDecoded : kAsIs;
  const Token token = next_token(view, window_.at(tail.pos), window_.end - tail.pos, window_.ending);
  if (token.kind == Token::Kind::kNeedMore) {
    open_.push_back(tail);
  } else if (token.kind == Token::Kind::kBytes && is_base64(token.bytes[0])) {
    tail.end = tail.pos + token.length;
    report(tail);
  }
}

void Matcher::report(const Thread& thread) {
  if (thread.end <= floor_) return;
  ranges_.add({.start = std::max(thread.start, floor_),
               .end = thread.end,
               .first_start = thread.start,
               .first_end = thread.end,
               .needle = thread.needle,
               .form = thread.form,
               .announced = thread.announced});
}

}  // namespace confide::masking
