// Runs a seccomp program in user space with the kernel's rules (kernel/seccomp.c seccomp_check_filter,
// net/core/filter.c bpf_check_classic): what the kernel would refuse to attach is refused here, and what it
// would answer is answered here. Pure; never reads outside the program or the seccomp_data.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

#include "base/result.h"

namespace confide::seccomp {

// A program that the kernel would take. Borrows the instructions: they must outlive it.
class Evaluator {
 public:
  // An error of kind kRefused that names the instruction if the program is malformed: empty or longer than
  // BPF_MAXINSNS, an opcode that seccomp does not know, a load that is unaligned or outside of seccomp_data, a jump
  // out of the program, a division by 0, a shift of 32 or more, a scratch word read before it was written, or an end
  // that is not a return.
  static Result<Evaluator> create(std::span<const sock_filter> program);

  // The return value (SECCOMP_RET_*). Terminates: classic BPF only jumps forward.
  uint32_t run(const seccomp_data& call) const;
  // How many instructions run for this call.
  unsigned steps(const seccomp_data& call) const;

 private:
  struct Outcome {
    uint32_t value;
    unsigned steps;
  };
  explicit Evaluator(std::span<const sock_filter> program) : program_(program) {}
  Outcome execute(const seccomp_data& call) const;

  std::span<const sock_filter> program_;
};

// create and run in one.
Result<uint32_t> evaluate(std::span<const sock_filter> program, const seccomp_data& call);

}  // namespace confide::seccomp
