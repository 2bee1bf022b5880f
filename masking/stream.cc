#include "masking/stream.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace confide::masking {
namespace {

using secrets::SecretBuffer;

// A match this long is announced before its end is seen: nothing that names it can change any more (matcher.cc).
constexpr uint64_t kAnnounceLength = 4096;

}  // namespace

StreamMasker::StreamMasker(const Tables& tables, const StreamOptions& options)
    : tables_(&tables),
      options_(options),
      prefilter_(options.kernels != nullptr ? *options.kernels : *available_kernels().front()),
      capacity_(kInputSize + kReadAhead + 2 * (tables.hold_bound() + kAnnounceLength)),
      counts_(tables.names().size() * kFormCount) {}

Result<StreamMasker> StreamMasker::create(const Tables& tables, const StreamOptions& options) {
  StreamMasker masker(tables, options);
  auto memory = SecretBuffer::create(masker.capacity_ + kPrefilterScratch, secrets::Backing::kLockedMemory);
  if (!memory) return with_context("buffer of the masker", std::move(memory).error());
  masker.memory_ = std::move(*memory);
  return masker;
}

uint64_t StreamMasker::needed_from() const {
  uint64_t needed = released_;
  for (const Thread& thread : open_) needed = std::min(needed, thread.pos);
  return needed;
}

// Moves what is still needed to the front.
void StreamMasker::make_room(uint8_t* bytes) {
  const uint64_t needed = needed_from();
  if (needed == begin_) return;
  const size_t kept = end_ - needed;
  std::memmove(bytes, bytes + (needed - begin_), kept);
  begin_ = needed;
}

std::span<std::byte> StreamMasker::buffer() {
  std::span<std::byte> free;
  memory_.fill([&](std::span<std::byte> memory) {
    const auto room = [&] { return capacity_ - kReadAhead - (end_ - begin_); };
    if (room() < kInputSize) make_room(reinterpret_cast<uint8_t*>(memory.data()));
    free = memory.subspan(end_ - begin_, std::min(room(), kInputSize));
  });
  return free;
}

Status StreamMasker::feed(std::span<const std::byte> bytes, int64_t now_ms, Sink& sink) {
  while (!bytes.empty()) {
    const std::span<std::byte> free = buffer();
    const size_t count = std::min(free.size(), bytes.size());
    std::copy_n(bytes.begin(), count, free.begin());
    TRY(feed(count, now_ms, sink));
    bytes = bytes.subspan(count);
  }
  return {};
}

Status StreamMasker::feed(size_t count, int64_t now_ms, Sink& sink) {
  if (count == 0) return {};
  last_fed_ms_ = now_ms;
  idle_released_ = false;
  if (withheld_) return {};
  end_ += count;
  memory_.fill([&](std::span<std::byte> memory) {
    auto* const bytes = reinterpret_cast<uint8_t*>(memory.data());
    scan_new(bytes, Ending::kOpen);
    emit(bytes, sink, open_limit(), Announce::kLong);
  });
  if (withheld_) {
    begin_ = released_ = scanned_ = end_;
    return {};
  }
  if (end_ - needed_from() > capacity_ - kReadAhead - kInputSize) {
    return Error{ErrorKind::kInternal, 0, "the masker holds back more than it may"};
  }
  return {};
}

// Finds the matches that begin in what is new.
void StreamMasker::scan_new(uint8_t* bytes, Ending ending) {
  const Window window{.bytes = bytes, .begin = begin_, .end = end_, .ending = ending};
  tables_->reveal([&](const TablesView& tables) {
    Matcher matcher(tables, window, released_, ranges_, open_);
    resumed_.clear();
    resumed_.swap(open_);
    for (const Thread& thread : resumed_) matcher.resume(thread);
    while (scanned_ < end_ && tables.entry_count > 0) {
      const size_t size = std::min(end_ - scanned_, kChunk);
      const auto chunk = scanned_ + size < end_ ? Prefilter::Chunk::kInner : Prefilter::Chunk::kLast;
      const size_t settled = prefilter_.mark(tables, window.at(scanned_), size, chunk, bytes + capacity_);
      for (size_t place = prefilter_.next(0); place < settled; place = prefilter_.next(place + 1)) {
        matcher.start(scanned_ + place);
      }
      scanned_ += settled;
    }
  });
  scanned_ = end_;
}

// Bytes before this are no longer in question: they leave, or belong to a known match.
uint64_t StreamMasker::open_limit() const {
  uint64_t limit = scanned_;
  for (const Thread& thread : open_) limit = std::min(limit, thread.held_from());
  return limit;
}

void StreamMasker::emit(const uint8_t* bytes, Sink& sink, uint64_t limit, Announce announce) {
  std::vector<Range>& ranges = ranges_.list();
  size_t done = 0;
  while (done < ranges.size() && !withheld_ && emit_range(bytes, sink, ranges[done], limit, announce)) ++done;
  const uint64_t to = done < ranges.size() ? std::min(limit, ranges[done].start) : limit;
  ranges.erase(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(done));
  if (withheld_) {
    ranges.clear();
    open_.clear();
    return;
  }
  if (released_ < to) write(bytes, released_, to, sink);
}

// Writes what comes before a match and its replacement. False: later matches must wait.
bool StreamMasker::emit_range(const uint8_t* bytes, Sink& sink, Range& range, uint64_t limit, Announce announce) {
  if (range.start >= limit) return false;
  const bool grows = std::ranges::any_of(open_, [&](const Thread& thread) { return thread.start < range.end; });
  if (grows && announce == Announce::kLong && range.end - range.start < kAnnounceLength) return false;
  write(bytes, released_, range.start, sink);
  if (!range.announced) replace(range, sink);
  if (!grows) {
    released_ = range.end;
    return true;
  }
  // More of it may come: what is known is dropped, and what makes it longer will add nothing to the output.
  released_ = std::max(released_, std::min(range.end, limit));
  for (Thread& thread : open_) thread.announced = thread.announced || thread.start < range.end;
  range.announced = true;
  range.start = released_;
  return range.end == released_;
}

void StreamMasker::write(const uint8_t* bytes, uint64_t from, uint64_t to, Sink& sink) {
  if (from < to && !withheld_) {
    sink.write({reinterpret_cast<const std::byte*>(bytes + (from - begin_)), to - from});
  }
  released_ = std::max(released_, to);
}

void StreamMasker::replace(const Range& range, Sink& sink) {
  const uint16_t secret =
      tables_->reveal([&](const TablesView& tables) { return tables.needles[range.needle].secret; });
  const std::string& name = tables_->names()[secret];
  const std::string text = cat("<concealed by confide: ", name, ">");
  sink.write(std::as_bytes(std::span(text)));
  ++counts_[secret * kFormCount + static_cast<size_t>(range.form)];
  const OnLeak action =
      encoded(range.form) == Encoded::kYes ? options_.on_leak.value_or(tables_->options().on_leak) : OnLeak::kMask;
  if (action != OnLeak::kMask) withheld_ = true;
  sink.masked(
      {.name = name, .form = range.form, .offset = range.start, .length = range.end - range.start, .action = action});
}

bool StreamMasker::may_give_up(const TablesView& tables, const Thread& thread, Idle idle) const {
  if (thread.gave_up) return false;
  const bool ends_line = thread.line_ended && thread.pos == scanned_;
  if (ends_line != (idle == Idle::kBriefly)) return ends_line;
  const uint32_t characters = thread.depth + (thread.pos < scanned_ ? 1 : 0);
  for (uint32_t entry = thread.lo; entry < thread.hi; ++entry) {
    if (characters > tables.needles[tables.entries[entry].needle].gives_up) return false;
  }
  return true;
}

uint64_t StreamMasker::idle_limit(const TablesView& tables, Idle idle) const {
  uint64_t limit = scanned_;
  for (const Thread& thread : open_) {
    if (thread.confirmed() && idle == Idle::kLong) {
      limit = std::min(limit, thread.pos);
    } else if (thread.confirmed() || !may_give_up(tables, thread, idle)) {
      limit = std::min(limit, thread.held_from());
    }
  }
  return limit;
}

uint64_t StreamMasker::idle_limit(Idle idle) const {
  return tables_->reveal([&](const TablesView& tables) { return idle_limit(tables, idle); });
}

std::optional<int64_t> StreamMasker::deadline_ms() const {
  if (options_.liveness == Liveness::kHold || idle_released_ || !last_fed_ms_ || released_ == end_) return std::nullopt;
  if (idle_limit(Idle::kBriefly) > released_) return *last_fed_ms_ + kLineIdleMs;
  if (idle_limit(Idle::kLong) > released_) return *last_fed_ms_ + kIdleMs;
  return std::nullopt;
}

void StreamMasker::flush_idle(int64_t now_ms, Sink& sink) {
  const auto deadline = deadline_ms();
  if (!deadline || now_ms < *deadline) return;
  const Idle idle = now_ms < last_fed_ms_.value_or(now_ms) + kIdleMs ? Idle::kBriefly : Idle::kLong;
  idle_released_ = idle == Idle::kLong;
  const uint64_t limit = idle_limit(idle);
  memory_.fill([&](std::span<std::byte> memory) {
    emit(reinterpret_cast<const uint8_t*>(memory.data()), sink, limit, Announce::kOpen);
  });
  for (Thread& thread : open_) {
    if (thread.confirmed() || thread.gave_up || thread.start >= released_) continue;
    thread.gave_up = true;
    thread.hold = released_;
  }
}

void StreamMasker::finish(Sink& sink) {
  if (!withheld_) {
    memory_.fill([&](std::span<std::byte> memory) {
      auto* const bytes = reinterpret_cast<uint8_t*>(memory.data());
      scan_new(bytes, Ending::kFinal);
      emit(bytes, sink, end_, Announce::kOpen);
    });
  }
  begin_ = released_ = scanned_ = end_ = 0;
  last_fed_ms_.reset();
}

std::vector<Count> StreamMasker::counts() const {
  std::vector<Count> counts;
  for (size_t secret = 0; secret < tables_->names().size(); ++secret) {
    for (size_t form = 0; form < kFormCount; ++form) {
      const uint64_t times = counts_[secret * kFormCount + form];
      if (times > 0) counts.push_back({tables_->names()[secret], static_cast<Form>(form), times});
    }
  }
  return counts;
}

}  // namespace confide::masking
