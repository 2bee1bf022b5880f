// Any bytes as a seccomp program: refused, or run to its end without reading outside of it or of the call.
#include <linux/audit.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "seccomp/evaluate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  seccomp_data call{.nr = 1, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = 0, .args = {}};
  if (size < sizeof call) return 0;
  std::memcpy(&call, data, sizeof call);
  std::vector<sock_filter> program((size - sizeof call) / sizeof(sock_filter));
  if (!program.empty()) std::memcpy(program.data(), data + sizeof call, program.size() * sizeof(sock_filter));
  const auto evaluator = confide::seccomp::Evaluator::create(program);
  if (!evaluator) return 0;
  if (evaluator->steps(call) > program.size()) std::abort();  // jumps go forward only
  if (evaluator->run(call) != evaluator->run(call)) std::abort();
  return 0;
}
