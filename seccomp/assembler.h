// Writes a classic BPF program from its end to its beginning, as Chromium's bpf_dsl does: an instruction is made once
// the ones that it goes to exist, so jumps only go forward, and an equal instruction is never written twice.
#pragma once

#include <linux/filter.h>

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "base/result.h"

namespace confide::seccomp {

class Assembler {
 public:
  // Where an instruction stands; valid for this assembler only.
  struct Label {
    size_t from_end = 0;
    auto operator<=>(const Label&) const = default;
  };

  Label ret(uint32_t value);
  // A load or an operation on the accumulator (BPF_LD | …, BPF_ALU | …), then `next`.
  Label plain(uint16_t code, uint32_t k, Label next);
  // BPF_JEQ, BPF_JGE, BPF_JGT or BPF_JSET against a constant.
  Label branch(uint16_t operation, uint32_t k, Label yes, Label no);

  // The program that begins at `entry`. kInternal if a conditional jump had to reach further than 255 instructions.
  Result<std::vector<sock_filter>> finish(Label entry);

 private:
  struct Key {
    uint16_t code;
    uint32_t k;
    Label yes;
    Label no;
    auto operator<=>(const Key&) const = default;
  };
  Label append(const sock_filter& instruction);
  Label next_to(Label target);  // `target`, if it would follow the next instruction made; else a jump to it

  std::vector<sock_filter> reversed_;
  std::map<Key, Label> known_;
  bool too_far_ = false;
};

}  // namespace confide::seccomp
