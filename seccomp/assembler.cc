#include "seccomp/assembler.h"

#include <algorithm>

namespace confide::seccomp {

Assembler::Label Assembler::append(const sock_filter& instruction) {
  reversed_.push_back(instruction);
  return {reversed_.size() - 1};
}

Assembler::Label Assembler::next_to(Label target) {
  const size_t last = reversed_.size() - 1;
  if (target.from_end == last) return target;
  return append({BPF_JMP | BPF_JA, 0, 0, static_cast<uint32_t>(last - target.from_end)});
}

Assembler::Label Assembler::ret(uint32_t value) {
  const Key key{BPF_RET | BPF_K, value, {}, {}};
  if (const auto at = known_.find(key); at != known_.end()) return at->second;
  return known_[key] = append({BPF_RET | BPF_K, 0, 0, value});
}

Assembler::Label Assembler::plain(uint16_t code, uint32_t k, Label next) {
  const Key key{code, k, next, next};
  if (const auto at = known_.find(key); at != known_.end()) return at->second;
  next_to(next);
  return known_[key] = append({code, 0, 0, k});
}

Assembler::Label Assembler::branch(uint16_t operation, uint32_t k, Label yes, Label no) {
  if (yes == no) return yes;
  const auto code = static_cast<uint16_t>(BPF_JMP | operation | BPF_K);
  const Key key{code, k, yes, no};
  if (const auto at = known_.find(key); at != known_.end()) return at->second;
  const size_t last = reversed_.size() - 1;
  const size_t to_yes = last - yes.from_end;
  const size_t to_no = last - no.from_end;
  if (to_yes > 255 || to_no > 255) too_far_ = true;
  return known_[key] = append({code, static_cast<uint8_t>(to_yes), static_cast<uint8_t>(to_no), k});
}

Result<std::vector<sock_filter>> Assembler::finish(Label entry) {
  if (too_far_) return Error{ErrorKind::kInternal, 0, "seccomp: a conditional jump past 255 instructions"};
  const auto first = reversed_.rend() - static_cast<std::ptrdiff_t>(entry.from_end + 1);
  return std::vector<sock_filter>(first, reversed_.rend());
}

}  // namespace confide::seccomp
