// Fills the memory of Tables: a first pass over all needles counts, a second one writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "masking/needles.h"
#include "masking/tables.h"

namespace confide::masking {

class NeedleCounter : public NeedleSink {
 public:
  explicit NeedleCounter(Partial partial) : partial_(partial) {}
  void put(uint8_t) override { ++length_; }
  void end(const NeedleShape& shape) override;

  size_t pool = 0;
  size_t needles = 0;
  size_t entries = 0;
  size_t longest = 0;  // also of those that were not wanted

 private:
  Partial partial_;
  size_t length_ = 0;
};

// Where the parts lie, given what was counted; everything but entry_count, required and filter.
TablesLayout layout_of(const NeedleCounter& counter);

class TablesBuilder : public NeedleSink {
 public:
  // `memory` is zero and of layout.end bytes.
  TablesBuilder(TablesLayout& layout, Partial partial, std::span<std::byte> memory);

  // What comes next are needles of this secret.
  void begin_secret(uint16_t secret, size_t value_size);
  void put(uint8_t byte) override { pool_[pool_used_++] = byte; }
  void end(const NeedleShape& shape) override;
  // Sorts, and makes the filter.
  void finish(UseFilter use_filter);

 private:
  TablesView view() const;
  void sort();
  unsigned shortest_run() const;
  void make_filter();
  void add_beginning(const Entry& entry);

  TablesLayout& layout_;
  Partial partial_;
  uint32_t* roots_;
  uint64_t* grams_;
  uint64_t* heads_;
  Needle* needles_;
  Entry* entries_;
  uint8_t* pool_;
  size_t pool_used_ = 0;
  size_t begin_ = 0;
  size_t needles_used_ = 0;
  size_t entries_used_ = 0;
  uint16_t secret_ = 0;
  uint8_t gives_up_ = 0;
};

}  // namespace confide::masking
